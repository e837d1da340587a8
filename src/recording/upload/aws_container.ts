import { systemClock } from "#base/clock.ts";
import { Secret } from "#base/secret.ts";
import { readTextFile } from "#platform/files.ts";
import { askHttp } from "#platform/http_client.ts";
import type { Environment, S3Access } from "./aws_access.ts";

/** Where ECS has what a relative address means. */
const RELATIVE_TO = "http://169.254.170.2";

const TIMEOUT_MS = 5_000;
const MAX_ANSWER_BYTES = 65_536;

/**
 * Asks what runs this container for keys; undefined if the environment names nobody to ask.
 *
 * Spec: "Container credential provider" of the AWS SDKs, as ECS and EKS have it.
 *
 * @throws {Error} if it gives none.
 */
export async function containerAccess(
  environment: Environment,
): Promise<S3Access | undefined> {
  const {
    AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: relative = "",
    AWS_CONTAINER_CREDENTIALS_FULL_URI: full = "",
    AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: tokenFile = "",
    AWS_CONTAINER_AUTHORIZATION_TOKEN: givenToken = "",
  } = environment;
  const url = relative === "" ? full : RELATIVE_TO + relative;
  if (url === "") return undefined;
  const token = tokenFile === ""
    ? givenToken
    : (await readTextFile(tokenFile)).trim();
  const { status, body } = await askHttp({
    method: "GET",
    url,
    headers: token === "" ? {} : { authorization: token },
    fingerprint: "",
    maxBodyBytes: MAX_ANSWER_BYTES,
    redirects: "answers",
  }, {
    clock: systemClock,
    timeoutMs: TIMEOUT_MS,
    message: `${url} gave no keys within ${TIMEOUT_MS / 1_000} s`,
    signal: new AbortController().signal,
  });
  const access = parseContainerKeys(new TextDecoder().decode(body));
  if (status === 200 && access) return access;
  throw new Error(`${url} gave no keys: it answered ${status}`);
}

/** Reads the answer; undefined if it has no keys. */
export function parseContainerKeys(text: string): S3Access | undefined {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    return undefined; // other text
  }
  const { AccessKeyId, SecretAccessKey, Token } = Object(answer);
  if (typeof AccessKeyId !== "string" || typeof SecretAccessKey !== "string") {
    return undefined;
  }
  return {
    accessKeyId: AccessKeyId,
    secretAccessKey: new Secret(SecretAccessKey),
    sessionToken: typeof Token === "string" ? new Secret(Token) : undefined,
  };
}
