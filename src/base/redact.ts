const REDACTED = "<redacted>";

/**
 * `user:password@` of a URL. People write passwords as they are, so everything up to the last `@` is one, but behind
 * what looks like a port.
 */
const URL_PASSWORD =
  /(:\/\/[^\s/?#@:"<>[\]]*):(?!\d{1,5}[/?#])[^\s"<>]{0,256}@/g;

/** `name=value`, as queries, cookies and command lines have it; quotes may stand around the value. */
const NAMED_VALUE =
  /(?<![\w.%-])([\w.%-]+)=("[^"\r\n]*"|'[^'\r\n]*'|[^\s&#"<>]+)/g;

/** A member of a JSON object whose value is a string. */
const JSON_MEMBER =
  /("([\w.-]{1,64})"\s{0,8}:\s{0,8})"(?:[^"\\]|\\.)*(?:"|$)/gs;

/** A header whose value lets in whoever sends it: to the end of its line. */
const SECRET_HEADER =
  /(?<![\w-])((?:proxy-)?authorization|(?:set-)?cookie|x-api-key|x-auth-token|key-?mgmt)([ \t]{0,8}:[ \t]{0,8})(?!<redacted>)[^\s][^\r\n]*/gi;

/** A JSON web token, wherever it stands. */
const JSON_WEB_TOKEN = /(?<![\w-])eyJ[\w-]{8,}(?:\.[\w-]*)+/g;

/** What stands behind the name of a scheme of authentication, and the key of an SRTP description. */
const SCHEME_VALUE = /(?<!\w)(Bearer |inline:)[\w+/=|:.~-]{8,}/g;

const SECRET_NAME =
  /pass|pwd|token|jwt|secret|credential|authoriz|signature|(?:key|sign|sig|auth)$/;

/**
 * Takes out of a text what would let its reader in: passwords of URLs, values of secret-like names, headers and tokens.
 *
 * Input: text with its line ends still in it, because a header ends with its line.
 * Output: the same with `<redacted>` in their place. Takes time linear in the length of the text.
 */
export function redactCredentials(text: string): string {
  return text
    .replace(SECRET_HEADER, `$1$2${REDACTED}`)
    .replace(URL_PASSWORD, `$1:${REDACTED}@`)
    .replace(
      JSON_MEMBER,
      (member, start: string, name: string) =>
        isSecretName(name) ? `${start}"${REDACTED}"` : member,
    )
    .replace(
      NAMED_VALUE,
      (pair, name: string) => isSecretName(name) ? `${name}=${REDACTED}` : pair,
    )
    .replace(JSON_WEB_TOKEN, REDACTED)
    .replace(SCHEME_VALUE, `$1${REDACTED}`);
}

/** A peer may write the name percent-encoded. */
function isSecretName(name: string): boolean {
  const plain = name.replace(
    /%([0-7][0-9a-f])/gi,
    (_, code: string) => String.fromCharCode(parseInt(code, 16)),
  );
  return SECRET_NAME.test(plain.toLowerCase());
}
