/** Error number: it would have to wait. Spec: Linux `errno(3)`, as the other numbers. */
export const EAGAIN = 11;
/** Error number: a signal came. */
export const EINTR = 4;
/** Error number: no such descriptor. */
export const EBADF = 9;
/** Error number: the device cannot do it. */
export const EIO = 5;
/** Error number: it makes no sense here. */
export const EINVAL = 22;
/** Error number: the message is too long. */
export const EMSGSIZE = 90;
/** Error number: no memory for it now. */
export const ENOBUFS = 105;

/** Answer at once instead of waiting. */
export const MSG_DONTWAIT = 0x40;
/** More follows at once: leave with it. */
export const MSG_MORE = 0x8000;
/** Answer `EPIPE` instead of raising a signal. */
export const MSG_NOSIGNAL = 0x4000;
/** Level of the options that every socket has. */
export const SOL_SOCKET = 1;

/** Address family of IPv4. */
export const AF_INET = 2;
/** Address family of IPv6. */
export const AF_INET6 = 10;

/** Room for a socket address of either family. */
export const SOCKADDR_MAX_BYTES = 28;

/**
 * Calls used, all synchronous but one. Lengths come back as 32 bits, which is enough for what is passed in.
 *
 * Bytes are passed as buffers for the call only: no address is kept, so nothing can be freed under the system's hands.
 */
const CALLS = {
  send: {
    parameters: ["i32", "buffer", "usize", "i32"],
    result: "i32",
  },
  sendto: {
    parameters: ["i32", "buffer", "usize", "i32", "buffer", "u32"],
    result: "i32",
  },
  recv: {
    parameters: ["i32", "buffer", "usize", "i32"],
    result: "i32",
  },
  epoll_create1: { parameters: ["i32"], result: "i32" },
  epoll_ctl: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  // The one call that waits, in a thread of its own.
  epoll_wait: {
    parameters: ["i32", "buffer", "i32", "i32"],
    result: "i32",
    nonblocking: true,
  },
  eventfd: { parameters: ["u32", "i32"], result: "i32" },
  eventfd_write: { parameters: ["i32", "u64"], result: "i32" },
  shutdown: { parameters: ["i32", "i32"], result: "i32" },
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  getpeername: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  getsockopt: {
    parameters: ["i32", "i32", "i32", "buffer", "buffer"],
    result: "i32",
  },
  setsockopt: {
    parameters: ["i32", "i32", "i32", "buffer", "u32"],
    result: "i32",
  },
  getrlimit: { parameters: ["i32", "buffer"], result: "i32" },
  setrlimit: { parameters: ["i32", "buffer"], result: "i32" },
  __errno_location: { parameters: [], result: "pointer" },
  // Not in every C library.
  malloc_trim: { parameters: ["u32"], result: "i32", optional: true },
} as const satisfies Deno.ForeignLibraryInterface;

type DeclaredCalls = Deno.DynamicLibrary<typeof CALLS>["symbols"];

/** The same, with lengths as plain numbers: the runtime takes both, its types only know the slow one. */
type LibraryCalls = Omit<DeclaredCalls, "recv" | "send" | "sendto"> & {
  recv(
    descriptor: number,
    into: Uint8Array,
    lengthBytes: number,
    flags: number,
  ): number;
  send(
    descriptor: number,
    bytes: Uint8Array,
    lengthBytes: number,
    flags: number,
  ): number;
  sendto(
    descriptor: number,
    bytes: Uint8Array,
    lengthBytes: number,
    flags: number,
    sockaddr: Uint8Array,
    sockaddrBytes: number,
  ): number;
};

/** The system's C library, where this process may call it. */
export interface Libc {
  readonly calls: LibraryCalls;
  /** Error number of this thread: valid right after a call that answered -1. */
  readonly errno: Int32Array;
}

/**
 * The C library on Linux with the right to call it, else `undefined`; never asks the user.
 *
 * Opened with the module and kept as long as the process, like the runtime's own.
 */
export const libc: Libc | undefined = openLibc();

function openLibc(): Libc | undefined {
  if (Deno.build.os !== "linux" || !isFfiAllowed()) return undefined;
  const names = ["libc.so.6", `libc.musl-${Deno.build.arch}.so.1`];
  for (const name of names) {
    try {
      const calls = Deno.dlopen(name, CALLS).symbols as unknown as LibraryCalls;
      const location = calls.__errno_location();
      if (location === null) return undefined;
      const errno = Deno.UnsafePointerView.getArrayBuffer(location, 4);
      return { calls, errno: new Int32Array(errno) };
    } catch {
      continue; // another C library, or none that may be opened: the runtime's own calls do
    }
  }
  return undefined;
}

function isFfiAllowed(): boolean {
  try {
    return Deno.permissions.querySync({ name: "ffi" }).state === "granted";
  } catch {
    return false; // a runtime built without foreign calls does not know the name
  }
}

const sockaddr = new Uint8Array(SOCKADDR_MAX_BYTES);
const sockaddrLength = new Uint32Array(1);

/**
 * Address a descriptor is bound or connected to, as the system wrote it.
 *
 * Output: borrowed until the next call; `undefined` if the descriptor is no such socket.
 */
export function readSockaddr(
  library: Libc,
  side: "getpeername" | "getsockname",
  descriptor: number,
): Uint8Array | undefined {
  sockaddrLength[0] = sockaddr.length;
  const result = library.calls[side](descriptor, sockaddr, sockaddrLength);
  if (result !== 0) return undefined;
  const family = sockaddr[0]! | sockaddr[1]! << 8;
  if (family !== AF_INET && family !== AF_INET6) return undefined;
  return sockaddr.subarray(0, sockaddrLength[0]!);
}

const optionValue = new Int32Array(1);
const optionLength = new Uint32Array(1);

/** Sets a socket option that is one number; whether the system took it. */
export function setSocketOption(
  library: Libc,
  descriptor: number,
  option: { level: number; name: number; value: number },
): boolean {
  optionValue[0] = option.value;
  const { level, name } = option;
  return library.calls.setsockopt(descriptor, level, name, optionValue, 4) ===
    0;
}

/** Reads a `SOL_SOCKET` option that is one number, `undefined` if the descriptor has none. */
export function socketOption(
  library: Libc,
  descriptor: number,
  name: number,
): number | undefined {
  optionLength[0] = 4;
  const result = library.calls.getsockopt(
    descriptor,
    SOL_SOCKET,
    name,
    optionValue,
    optionLength,
  );
  return result === 0 ? optionValue[0] : undefined;
}
