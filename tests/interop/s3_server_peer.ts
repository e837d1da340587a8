import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { CertificateFiles } from "#test/certificates.ts";
import { freeTcpPort } from "#test/ports.ts";
import { type RunningProcess, startProcess } from "#test/processes.ts";
import { findExecutable, type ProgramName } from "#test/programs.ts";
import { versitygw } from "#test/versitygw.ts";

/** The bucket that servers have. */
export const BUCKET = "recordings";

/** Who may use a server, as programs that upload read it from their environment. */
export const AWS_ENVIRONMENT = {
  AWS_ACCESS_KEY_ID: "S3RVER", // the only one that s3rver knows
  AWS_SECRET_ACCESS_KEY: "S3RVER",
  AWS_REGION: "eu-test-1",
};

/** How a server is started. */
interface S3ServerOptions {
  readonly port: number;
  /** Its own; it stays when the server ends. */
  readonly folder: string;
  /** Who may use it. */
  readonly access: typeof AWS_ENVIRONMENT;
  /** What it shows over TLS; it speaks without, if left out. */
  readonly certificate?: CertificateFiles | undefined;
}

/** A program that is an S3 server. */
export interface S3Program {
  readonly name: string;
  readonly needs: readonly ProgramName[];
  readonly start: (options: S3ServerOptions) => RunningProcess;
  /** Line of its output when it listens. */
  readonly listening: RegExp;
  /** Where it keeps an object. */
  readonly fileOf: (folder: string, key: string) => string;
}

const S3RVER_FILE = fileURLToPath(
  new URL("../helpers/peers/s3_server.ts", import.meta.url),
);

/** It checks neither signatures nor regions, and speaks no TLS. */
const S3RVER: S3Program = {
  name: "s3rver",
  needs: [],
  start: ({ port, folder }) =>
    startProcess(Deno.execPath(), [
      ..."run --quiet --no-check --no-prompt --allow-all".split(" "),
      S3RVER_FILE,
      ...[String(port), folder, BUCKET],
    ]),
  listening: /^listening$/,
  fileOf: (folder, key) => join(folder, BUCKET, `${key}._S3rver_object`),
};

/** Versity's gateway to a folder, as strict as Amazon. */
export const VERSITYGW: S3Program = {
  name: "versitygw",
  needs: ["versitygw"],
  start: ({ port, folder, access, certificate }) => {
    // Below no folder whose name begins as that of the buckets.
    const sidecar = join(dirname(folder), "meta");
    for (const one of [join(folder, BUCKET), sidecar]) {
      Deno.mkdirSync(one, { recursive: true });
    }
    return startProcess(versitygw(findExecutable("go"))!, [
      ...["--access", access.AWS_ACCESS_KEY_ID],
      ...["--secret", access.AWS_SECRET_ACCESS_KEY],
      ...["--region", access.AWS_REGION],
      ...certificate
        ? ["--cert", certificate.certificateFile, "--key", certificate.keyFile]
        : [],
      ...["--port", `127.0.0.1:${port}`, "posix", "--sidecar", sidecar],
      folder,
    ]);
  },
  listening: /listening on/,
  fileOf: (folder, key) => join(folder, BUCKET, key),
};

/** All of them. */
export const S3_PROGRAMS: readonly S3Program[] = [S3RVER, VERSITYGW];

/** An S3 server that can go away and come back. */
export class S3Server implements AsyncDisposable {
  readonly program: S3Program;
  readonly url: string;
  /** Who may use it from its next start on. */
  access = AWS_ENVIRONMENT;
  #folder: string;
  #port = freeTcpPort();
  #certificate: CertificateFiles | undefined;
  #running: RunningProcess | undefined;

  /** Not started yet; `folder` is for its files. */
  constructor(
    program: S3Program,
    folder: string,
    certificate?: CertificateFiles,
  ) {
    this.program = program;
    this.url = `http${certificate ? "s" : ""}://127.0.0.1:${this.#port}`;
    this.#folder = join(folder, program.name);
    this.#certificate = certificate;
  }

  /** Starts it, with what it had before. */
  async start(): Promise<void> {
    const { start, listening } = this.program;
    this.#running = start({
      port: this.#port,
      folder: this.#folder,
      access: this.access,
      certificate: this.#certificate,
    });
    await this.#running.waitForLine(listening);
  }

  /** Kills it. */
  async kill(): Promise<void> {
    await this.#running?.[Symbol.asyncDispose]();
  }

  /** What it keeps under a key. */
  read(key: string): Promise<Uint8Array> {
    return Deno.readFile(this.program.fileOf(this.#folder, key));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}

/** Runs something in a folder of its own. */
export async function withFolder(
  run: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "weir_up_" });
  try {
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
