/** What a syslog daemon is: a socket file that takes datagrams. */
export interface SyslogDaemon extends Disposable {
  readonly path: string;
  /** Waits for the next message. */
  receive(): Promise<string>;
}

/** Listens on `path` as the daemon of a system does on `/dev/log`. */
export function startSyslogDaemon(path: string): SyslogDaemon {
  const socket = Deno.listenDatagram({ transport: "unixpacket", path });
  return {
    path,
    async receive() {
      const [bytes] = await socket.receive();
      return new TextDecoder().decode(bytes);
    },
    [Symbol.dispose]() {
      socket.close();
      Deno.removeSync(path);
    },
  };
}
