import {
  duration,
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

/** Memory, lanes, salt and hash of a text that `checkCredential` took. Spec: RFC 9106, PHC string format. */
const ARGON2_PARTS = /\$m=(\d+),t=\d+,p=(\d+)\$([^$]+)\$([^$]+)$/;
/** More would hold up the server, or not fit in a WebAssembly memory. */
const MAX_ARGON2_MEMORY_KIB = 1_048_576;
const MIN_ARGON2_SALT_BYTES = 8;
const MIN_ARGON2_HASH_BYTES = 4;
const MIN_ARGON2_MEMORY_KIB_PER_LANE = 8;

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
    const refusal = checkArgon2(value.slice(7));
    return refusal && `invalid argon2 hash: ${refusal}`;
  }
  return isPlainCredential(value)
    ? undefined
    : `credential ${CREDENTIAL_CHARACTERS_TEXT}`;
}

function checkArgon2(hash: string): string | undefined {
  if (!ARGON2.test(hash)) {
    return "must be $argon2i or $argon2id, version 19, with m, t, p, salt and hash";
  }
  const [, memory, lanes, salt, digest] = ARGON2_PARTS.exec(hash)!;
  const memoryKib = Number(memory);
  const minMemoryKib = MIN_ARGON2_MEMORY_KIB_PER_LANE * Number(lanes);
  if (memoryKib < minMemoryKib || memoryKib > MAX_ARGON2_MEMORY_KIB) {
    return `m must be ${minMemoryKib} to ${MAX_ARGON2_MEMORY_KIB}`;
  }
  if (base64Bytes(salt!) < MIN_ARGON2_SALT_BYTES) {
    return `salt must have ${MIN_ARGON2_SALT_BYTES} bytes or more`;
  }
  return base64Bytes(digest!) < MIN_ARGON2_HASH_BYTES
    ? `hash must have ${MIN_ARGON2_HASH_BYTES} bytes or more`
    : undefined;
}

/** How many bytes a text without padding stands for; 0 if it is no Base64. */
function base64Bytes(text: string): number {
  try {
    return Uint8Array.fromBase64(text).length;
  } catch {
    return 0; // as good as none
  }
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
    oneOf(["internal", "http", "jwt", "signed"], {
      refusal: (found) => `invalid authMethod: '${found}'`,
    }),
    {
      default: "internal",
      effect: ["auth"],
      doc:
        "Who decides: internal (authInternalUsers), http (a server is asked), jwt (tokens) or signed (URLs with a " +
        "signature; authInternalUsers for everything else).",
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
    doc: "URL that is asked by the http method.",
  }),
  authHTTPFingerprint: field(text(), {
    default: "",
    effect: ["auth"],
    doc:
      "SHA-256 of the certificate of that URL, when it is not signed by a known authority.",
  }),
  authHTTPExclude: field(listOf(permission), {
    default: [],
    effect: ["auth"],
    doc: "What is allowed without asking that URL.",
  }),
  authHTTPCacheTTL: field(duration(), {
    default: "0s",
    effect: ["auth"],
    doc:
      "How long an answer of that URL holds, 0s for one question only. When it is over, the URL is asked again: a session " +
      "that may not go on ends.",
  }),
  authJWTJWKS: field(text(), {
    default: "",
    effect: ["auth"],
    doc: "URL of the public keys for the jwt method.",
  }),
  authJWTJWKSFingerprint: field(text(), {
    default: "",
    effect: ["auth"],
    doc:
      "SHA-256 of the certificate of that URL, when it is not signed by a known authority.",
  }),
  authJWTClaimKey: field(text(), {
    default: "mediamtx_permissions",
    effect: ["auth"],
    doc: "Claim that holds the permissions.",
  }),
  authJWTExclude: field(listOf(permission), {
    default: [],
    effect: ["auth"],
    doc: "What is allowed without a token.",
  }),
  authJWTInHTTPQuery: field(yesNo(), {
    default: false,
    effect: ["auth"],
    deprecation: "parameter 'authJWTInHTTPQuery' is deprecated",
    doc: "Accept tokens in the query of HTTP requests.",
  }),
  authJWTIssuer: field(text(), {
    default: "",
    effect: ["auth"],
    doc: "Issuer that tokens must have; empty for any.",
  }),
  authJWTAudience: field(text(), {
    default: "",
    effect: ["auth"],
    doc: "Audience that tokens must have; empty for any.",
  }),
  authSignSecret: field(secretText(), {
    default: "",
    effect: ["auth"],
    doc:
      "Secret of signed URLs (?sign=...&ts=...), whatever authMethod is; empty: signatures are not looked at. " +
      "weir sign makes such URLs.",
  }),
  authSignAlgorithm: field(
    oneOf(["md5", "sha256"], {
      refusal: (found) => `invalid authSignAlgorithm: '${found}'`,
    }),
    {
      default: "sha256",
      effect: ["auth"],
      doc: "What a signature is made with: sha256, or md5 for old tools.",
    },
  ),
  authSignWindow: field(duration(), {
    default: "24h",
    effect: ["auth"],
    doc:
      "How far ahead the end of a signed URL may lie, so that one that leaks is worth nothing the day after; 0s for any.",
  }),
  authSignActions: field(
    listOf(oneOf(["publish", "read", "playback"], {
      refusal: (found) => `invalid authSignActions: '${found}'`,
    })),
    {
      default: ["publish", "read", "playback"],
      effect: ["auth"],
      doc:
        "What a signed URL may be used for. The signature does not say: with read alone, a viewer's URL cannot publish.",
    },
  ),
};

/** Values of {@linkcode authKeys}. */
export type AuthConfig = Values<typeof authKeys>;
/** One user of `authInternalUsers`. */
export type InternalUser = AuthConfig["authInternalUsers"][number];
/** What a user may do. */
export type Permission = InternalUser["permissions"][number];
