import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";

/** Smaller ones are refused by every TLS library of today. */
const MIN_RSA_BITS = 2_048;

const CURVES = ["prime256v1", "secp384r1", "secp521r1"];

/** The first private key of a text: files of elliptic keys may have their curve in front. Spec: RFC 7468 §10, RFC 5915 §4. */
const PRIVATE_KEY =
  /^-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----[\s\S]*?-----END (?:[A-Z]+ )?PRIVATE KEY-----/m;

/** The first certificate of a text, which may hold the key, too. Spec: RFC 7468 §5. */
const CERTIFICATE =
  /^-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/m;

/** What of a key pair cannot be used, and why; `reason` follows the name of the part. */
export interface KeyPairFault {
  readonly part: "key" | "certificate";
  readonly reason: string;
}

/** Why a private key and a certificate chain, both PEM, cannot serve TLS together; undefined if they can. */
export function findKeyPairFault(
  keyPem: string,
  certificatePem: string,
): KeyPairFault | undefined {
  const [first = ""] = CERTIFICATE.exec(certificatePem) ?? [];
  const certificate = orUndefined(() => new X509Certificate(first));
  if (!certificate) {
    return { part: "certificate", reason: "holds no certificate in PEM form" };
  }
  const [block] = PRIVATE_KEY.exec(keyPem) ?? [];
  if (block === undefined) {
    return { part: "key", reason: "holds no private key in PEM form" };
  }
  if (block.includes("ENCRYPTED")) {
    return { part: "key", reason: "is encrypted with a password" };
  }
  const key = orUndefined(() => createPrivateKey(block));
  if (!key || !isUsable(key)) {
    const reason =
      "holds a key that TLS cannot use: wanted RSA from 2048 bits, P-256, P-384, P-521 or Ed25519";
    return { part: "key", reason };
  }
  if (!certificate.checkPrivateKey(key)) {
    return { part: "key", reason: "does not belong to the certificate" };
  }
  return undefined;
}

function isUsable(
  { asymmetricKeyType: type, asymmetricKeyDetails: details = {} }: KeyObject,
): boolean {
  switch (type) {
    case "rsa":
      return (details.modulusLength ?? 0) >= MIN_RSA_BITS;
    case "ec":
      return CURVES.includes(details.namedCurve ?? "");
    default:
      return type === "ed25519";
  }
}

function orUndefined<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined; // the runtime's reasons differ from version to version and name no remedy
  }
}
