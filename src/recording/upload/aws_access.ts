import { Secret } from "#base/secret.ts";
import { PlatformError } from "#platform/errors.ts";
import { readTextFile } from "#platform/files.ts";
import { containerAccess } from "./aws_container.ts";
import { parseAwsProfile } from "./aws_profile.ts";

/** Who uploads. */
export interface S3Access {
  readonly accessKeyId: string;
  readonly secretAccessKey: Secret;
  /** Of keys that expire. */
  readonly sessionToken: Secret | undefined;
}

/** Environment of a process. */
export type Environment = Readonly<Record<string, string>>;

/** Keys as AWS programs find them, read again when a server does not take them any more. */
export class AwsAccess {
  #environment: Environment;
  #known: Promise<S3Access> | undefined;

  /** Reads nothing yet. */
  constructor(environment: Environment) {
    this.#environment = environment;
  }

  /** The keys to use. @throws {Error} that says what to set, if there are none */
  async current(): Promise<S3Access> {
    this.#known ??= readAccess(this.#environment);
    try {
      return await this.#known;
    } catch (error) {
      this.#known = undefined; // they may be there next time
      throw error;
    }
  }

  /** Keys to use in the place of those that were refused; undefined if there are no others. @throws {Error} */
  async instead(refused: S3Access): Promise<S3Access | undefined> {
    if (await this.current() === refused) this.#known = undefined;
    const next = await this.current();
    return isSame(next, refused) ? undefined : next;
  }
}

async function readAccess(environment: Environment): Promise<S3Access> {
  const {
    AWS_ACCESS_KEY_ID: accessKeyId = "",
    AWS_SECRET_ACCESS_KEY: secret = "",
    AWS_SESSION_TOKEN: token = "",
  } = environment;
  if (accessKeyId !== "" && secret !== "") {
    return {
      accessKeyId,
      secretAccessKey: new Secret(secret),
      sessionToken: token === "" ? undefined : new Secret(token),
    };
  }
  const profile = environment.AWS_PROFILE || "default";
  const file = credentialsFile(environment);
  const text = await readTextFile(file).catch((error) => {
    const isMissing = error instanceof PlatformError &&
      error.code === "not_found";
    if (isMissing) return "";
    throw error;
  });
  const access = parseAwsProfile(text, profile) ??
    await containerAccess(environment);
  if (access) return access;
  throw new Error(
    `set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment, or both for profile ${profile} in ${file}`,
  );
}

function credentialsFile(environment: Environment): string {
  const { AWS_SHARED_CREDENTIALS_FILE: file, HOME, USERPROFILE } = environment;
  return file || `${HOME || USERPROFILE || ""}/.aws/credentials`;
}

function isSame(a: S3Access, b: S3Access): boolean {
  return a.accessKeyId === b.accessKeyId &&
    a.secretAccessKey.reveal() === b.secretAccessKey.reveal() &&
    a.sessionToken?.reveal() === b.sessionToken?.reveal();
}
