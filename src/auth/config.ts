import {
  field,
  ipNetworks,
  listOf,
  objectOf,
  oneOf,
  secretText,
  text,
  type Values,
  yesNo,
} from "#base/schema.ts";

/** Longest user name, password or hash. */
const MAX_CREDENTIAL_CHARS = 1_024;

const PLAIN = /^[A-Za-z0-9!$()*+.;<=>[\]^_\-{}@#&]*$/;
const BASE64 = /^[A-Za-z0-9+/=]+$/;
const ARGON2 =
  /^\$argon2(?:i|id)\$v=19\$m=[1-9]\d{0,9},t=[1-9]\d{0,9},p=[1-9]\d{0,9}\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+$/;

/** End of the error text for characters that no credential may have. */
export const CREDENTIAL_CHARACTERS_TEXT =
  "contains unsupported characters. Supported are: A-Z,a-z,0-9,!,$,(,),*,+,.,;,<,=,>,[,],^,_,-,{,},@,#,&";

/** Whether a text has only the characters of a plain credential. */
export function isPlainCredential(value: string): boolean {
  return PLAIN.test(value);
}

/**
 * Why a user name or password is refused: `undefined`, or the error text.
 *
 * Accepted are the empty text, plain text, `sha256:<base64>` and `argon2:<encoded hash>`. The text never contains the value.
 */
export function checkCredential(value: string): string | undefined {
  if (value.length > MAX_CREDENTIAL_CHARS) {
    return `credential is longer than ${MAX_CREDENTIAL_CHARS} characters`;
  }
  if (value.startsWith("sha256:")) {
    return BASE64.test(value.slice(7))
      ? undefined
      : "credential contains unsupported characters after 'sha256:'. Supported are: A-Z,a-z,0-9,+,/,=";
  }
  if (value.startsWith("argon2:")) {
    return ARGON2.test(value.slice(7))
      ? undefined
      : "invalid argon2 hash: must be $argon2i or $argon2id, version 19, with m, t, p, salt and hash";
  }
  return isPlainCredential(value)
    ? undefined
    : `credential ${CREDENTIAL_CHARACTERS_TEXT}`;
}

/** Whether a credential is kept as a hash. */
export function isHashedCredential(value: string): boolean {
  return value.startsWith("sha256:") || value.startsWith("argon2:");
}

const permission = objectOf({
  action: oneOf(["publish", "read", "playback", "api", "metrics", "pprof"], {
    refusal: (found) => `invalid auth action: '${found}'`,
  }),
  path: text(),
});

const internalUser = objectOf({
  user: text(checkCredential),
  pass: secretText(checkCredential),
  ips: ipNetworks(),
  permissions: listOf(permission),
});

/** Keys that say who may do what. */
export const authKeys = {
  authMethod: field(
    oneOf(["internal", "http", "jwt"], {
      refusal: (found) => `invalid authMethod: '${found}'`,
    }),
    {
      default: "internal",
      effect: ["auth"],
      isPending: (method) => method !== "internal",
      doc:
        "Who decides: internal (authInternalUsers), http (a server is asked) or jwt (tokens).",
    },
  ),
  authInternalUsers: field(listOf(internalUser), {
    default: [
      {
        user: "any",
        pass: "",
        ips: [],
        permissions: [
          { action: "publish", path: "" },
          { action: "read", path: "" },
          { action: "playback", path: "" },
        ],
      },
      {
        user: "any",
        pass: "",
        ips: ["127.0.0.1", "::1"],
        permissions: [
          { action: "api", path: "" },
          { action: "metrics", path: "" },
          { action: "pprof", path: "" },
        ],
      },
    ],
    effect: "newSessions",
    doc:
      "Users of the internal method. user: name, or any for everybody; pass: plain, sha256:... or argon2:...; " +
      "ips: where they may come from, empty for anywhere; permissions: action (publish, read, playback, api, metrics, pprof) " +
      "and path (exact name, ~pattern, or empty for all).",
  }),
  authHTTPAddress: field(text(), {
    default: "",
    effect: ["auth"],
    isPending: true,
    doc: "URL that is asked by the http method.",
  }),
  authHTTPFingerprint: field(text(), {
    default: "",
    effect: ["auth"],
    isPending: true,
    doc:
      "SHA-256 of the certificate of that URL, when it is not signed by a known authority.",
  }),
  authHTTPExclude: field(listOf(permission), {
    default: [],
    effect: ["auth"],
    isPending: true,
    doc: "What is allowed without asking that URL.",
  }),
  authJWTJWKS: field(text(), {
    default: "",
    effect: ["auth"],
    isPending: true,
    doc: "URL of the public keys for the jwt method.",
  }),
  authJWTJWKSFingerprint: field(text(), {
    default: "",
    effect: ["auth"],
    isPending: true,
    doc:
      "SHA-256 of the certificate of that URL, when it is not signed by a known authority.",
  }),
  authJWTClaimKey: field(text(), {
    default: "mediamtx_permissions",
    effect: ["auth"],
    isPending: true,
    doc: "Claim that holds the permissions.",
  }),
  authJWTExclude: field(listOf(permission), {
    default: [],
    effect: ["auth"],
    isPending: true,
    doc: "What is allowed without a token.",
  }),
  authJWTInHTTPQuery: field(yesNo(), {
    default: false,
    effect: ["auth"],
    deprecation: "parameter 'authJWTInHTTPQuery' is deprecated",
    isPending: true,
    doc: "Accept tokens in the query of HTTP requests.",
  }),
  authJWTIssuer: field(text(), {
    default: "",
    effect: ["auth"],
    isPending: true,
    doc: "Issuer that tokens must have; empty for any.",
  }),
  authJWTAudience: field(text(), {
    default: "",
    effect: ["auth"],
    isPending: true,
    doc: "Audience that tokens must have; empty for any.",
  }),
};

/** Values of {@linkcode authKeys}. */
export type AuthConfig = Values<typeof authKeys>;
/** One user of `authInternalUsers`. */
export type InternalUser = AuthConfig["authInternalUsers"][number];
/** What a user may do. */
export type Permission = InternalUser["permissions"][number];
