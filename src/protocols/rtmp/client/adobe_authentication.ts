import { md5Hex } from "#base/crypto.ts";
import type { UserInfo } from "#base/user_info.ts";

/** What the description of a refused `connect` says if the origin wants Adobe's authentication. */
const AUTHENTICATION_MODE = "authmod=adobe";

/**
 * What to add to application and URL so that the origin lets this side in.
 *
 * The origin first wants to hear the user's name; then it sends a challenge, which is answered with the password's
 * digest.
 *
 * Input: `description` of a refused `connect`; `clientChallenge`: text that nobody can guess.
 * Output: a query without question mark; undefined if the origin wants something else.
 * Spec: none; Adobe Media Server's authentication add-in, as encoders know it.
 *
 * @throws {Error} if there are no credentials, or the origin does not accept them.
 */
export function answerAdobeChallenge(
  description: string,
  credentials: UserInfo | undefined,
  clientChallenge: string,
): string | undefined {
  if (!description.includes(AUTHENTICATION_MODE)) return undefined;
  if (credentials === undefined) {
    throw new Error(
      "the origin asks for a user: put user and password into the URL",
    );
  }
  const { user, password } = credentials;
  const fields = fieldsOf(description);
  const reason = fields.get("reason");
  const base = `${AUTHENTICATION_MODE}&user=${user}`;
  if (reason === undefined) return base;
  if (reason !== "needauth") {
    throw new Error(
      `the origin does not accept user and password (${
        reason.slice(0, 64)
      }): check them in the URL`,
    );
  }
  const opaque = fields.get("opaque");
  const secret = md5Base64(user + (fields.get("salt") ?? "") + password);
  const challenge = opaque ?? fields.get("challenge") ?? "";
  const response = md5Base64(secret + challenge + clientChallenge);
  const answer = `${base}&challenge=${clientChallenge}&response=${response}`;
  return opaque === undefined ? answer : `${answer}&opaque=${opaque}`;
}

/** What stands behind the question mark; plus signs are plus signs there. */
function fieldsOf(description: string): Map<string, string> {
  const mark = description.indexOf("?");
  const query = mark < 0 ? "" : description.slice(mark + 1).trim();
  return new Map(
    query.split("&").map((field) => {
      const equals = field.indexOf("=");
      return equals < 0
        ? [field, ""]
        : [field.slice(0, equals), field.slice(equals + 1)];
    }),
  );
}

function md5Base64(text: string): string {
  return Uint8Array.fromHex(md5Hex(text)).toBase64();
}
