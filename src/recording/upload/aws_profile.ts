import { Secret } from "#base/secret.ts";
import type { S3Access } from "./aws_access.ts";

/**
 * Finds the keys of a profile in a credentials file of AWS programs; undefined if it has none.
 *
 * Spec: "Configuration and credential file settings" of the AWS CLI; of profiles that get their keys elsewhere, such as
 * with roles, there are none.
 */
export function parseAwsProfile(
  text: string,
  profile: string,
): S3Access | undefined {
  const values = new Map<string, string>();
  let isWanted = false;
  for (const line of text.split(/\r\n?|\n/)) {
    const section = /^\s*\[([^\]]*)\]/.exec(line)?.[1]?.trim();
    if (section !== undefined) {
      isWanted = section.replace(/^profile\s+/, "") === profile;
      continue;
    }
    // Keys have no spaces: what stands behind one is a comment.
    const [, name, value] = /^\s*([a-z_]+)\s*=\s*(\S+)/i.exec(line) ?? [];
    if (isWanted && name && value) values.set(name.toLowerCase(), value);
  }
  const accessKeyId = values.get("aws_access_key_id");
  const secret = values.get("aws_secret_access_key");
  if (accessKeyId === undefined || secret === undefined) return undefined;
  const token = values.get("aws_session_token");
  return {
    accessKeyId,
    secretAccessKey: new Secret(secret),
    sessionToken: token === undefined ? undefined : new Secret(token),
  };
}
