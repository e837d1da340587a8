/** Why the system refused something; a stable word for logs, metrics and decisions. */
export type PlatformErrorCode =
  | "address_in_use"
  | "address_unavailable"
  | "buffer_size"
  | "invalid_address"
  | "not_found"
  | "other"
  | "permission"
  | "queue_full"
  | "refused"
  | "reset"
  | "timeout"
  | "tls"
  | "too_many_files"
  | "unreachable";

/** A refusal of the operating system, in one shape for every runtime and platform. */
export class PlatformError extends Error {
  override readonly name = "PlatformError";
  /** What happened, for callers to branch on. */
  readonly code: PlatformErrorCode;
  /** Port of the socket concerned, where there is one. */
  readonly port: number | undefined;

  /** `action` completes "Cannot ..."; `reason` says what was found. */
  constructor(
    action: string,
    reason: string,
    options: {
      code: PlatformErrorCode;
      port?: number | undefined;
      cause?: unknown;
    },
  ) {
    super(`Cannot ${action}: ${reason}`, { cause: options.cause });
    this.code = options.code;
    this.port = options.port;
  }
}

const CODE_BY_SYSTEM_CODE: Record<string, PlatformErrorCode> = {
  EACCES: "permission",
  EADDRINUSE: "address_in_use",
  EADDRNOTAVAIL: "address_unavailable",
  ECONNABORTED: "reset",
  ECONNREFUSED: "refused",
  ECONNRESET: "reset",
  EHOSTUNREACH: "unreachable",
  EMFILE: "too_many_files",
  ENETUNREACH: "unreachable",
  ENFILE: "too_many_files",
  ENOENT: "not_found",
  ENOTCONN: "reset",
  EPERM: "permission",
  EPIPE: "reset",
  ETIMEDOUT: "timeout",
};

const CODE_BY_CLASS_NAME: Record<string, PlatformErrorCode> = {
  AddrInUse: "address_in_use",
  AddrNotAvailable: "address_unavailable",
  BrokenPipe: "reset",
  ConnectionAborted: "reset",
  ConnectionRefused: "refused",
  ConnectionReset: "reset",
  NotCapable: "permission",
  NotConnected: "reset",
  NotFound: "not_found",
  PermissionDenied: "permission",
  TimedOut: "timeout",
};

/** Gives anything the runtime threw the shape of a {@linkcode PlatformError}; `action` completes "Cannot ...". */
export function toPlatformError(
  error: unknown,
  action: string,
  port?: number,
): PlatformError {
  if (error instanceof PlatformError) return error;
  const { name, message, code: systemCode } = error instanceof Error
    ? error as Error & { code?: unknown }
    : { name: "", message: String(error), code: undefined };
  const code = CODE_BY_SYSTEM_CODE[String(systemCode)] ??
    CODE_BY_CLASS_NAME[name] ??
    (message.includes("failed to lookup address") ? "not_found" : "other");
  return new PlatformError(action, message, { code, port, cause: error });
}
