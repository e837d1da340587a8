import { PlatformError, toPlatformError } from "./errors.ts";
import { EAGAIN, type Libc, libc, MSG_DONTWAIT, MSG_NOSIGNAL } from "./libc.ts";

/** Address family of sockets that have a path. Spec: Linux `unix(7)`, as the other numbers. */
const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
/** Longest path of a socket, the zero at its end included. */
const MAX_PATH_BYTES = 108;
const ENOENT = 2;
const ECONNREFUSED = 111;

/** Whether this system has such sockets for programs to log to. */
export const HAS_UNIX_DATAGRAMS: boolean = Deno.build.os === "linux";

/** What became of a datagram: not taken now, or nobody there to take it. */
export type DatagramOutcome = "sent" | "busy" | "absent" | "refused";

/** Sends datagrams to a socket that has a path. */
export interface UnixDatagramSender extends Disposable {
  /** Sends one, at once or not at all: never waits. Who listens may end and come back meanwhile. */
  send(bytes: Uint8Array): DatagramOutcome;
}

/**
 * Opens a socket that sends to `path`.
 *
 * @throws {PlatformError} if this system or this process cannot do that.
 */
export function openUnixDatagramSender(path: string): UnixDatagramSender {
  const action = `send to ${path}`;
  if (libc === undefined) {
    throw new PlatformError(
      action,
      "calls into the system's library are not allowed (--allow-ffi)",
      { code: "permission" },
    );
  }
  checkSocket(path, action);
  const pathBytes = new TextEncoder().encode(path);
  if (pathBytes.length >= MAX_PATH_BYTES) {
    throw new PlatformError(action, "the path is too long", {
      code: "invalid_address",
    });
  }
  const { calls } = libc;
  const descriptor = calls.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) {
    throw new PlatformError(action, `socket: error ${libc.errno[0]}`, {
      code: "other",
    });
  }
  const address = new Uint8Array(2 + pathBytes.length + 1);
  new Uint16Array(address.buffer, 0, 1)[0] = AF_UNIX;
  address.set(pathBytes, 2);
  let isOpen = true;
  return {
    send: (bytes) =>
      isOpen ? send(libc!, descriptor, bytes, address) : "absent",
    [Symbol.dispose](): void {
      if (isOpen) calls.close(descriptor);
      isOpen = false;
    },
  };
}

function checkSocket(path: string, action: string): void {
  try {
    if (Deno.statSync(path).isSocket) return;
  } catch (error) {
    throw toPlatformError(error, action);
  }
  throw new PlatformError(action, "it is no socket", {
    code: "invalid_address",
  });
}

function send(
  { calls, errno }: Libc,
  descriptor: number,
  bytes: Uint8Array,
  address: Uint8Array,
): DatagramOutcome {
  const flags = MSG_DONTWAIT | MSG_NOSIGNAL;
  const { length } = bytes;
  const sent = calls.sendto(
    descriptor,
    bytes,
    length,
    flags,
    address,
    address.length,
  );
  if (sent >= 0) return "sent";
  if (errno[0] === EAGAIN) return "busy";
  return errno[0] === ENOENT || errno[0] === ECONNREFUSED
    ? "absent"
    : "refused";
}
