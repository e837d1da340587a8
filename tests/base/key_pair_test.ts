import { findKeyPairFault } from "#base/key_pair.ts";
import { assertEquals } from "#test/assert.ts";
import { makeCertificate } from "#test/certificates.ts";
import { generateKeyPairSync } from "node:crypto";

const { keyPem, certificatePem } = makeCertificate();
const other = makeCertificate();

const PARAMETERS =
  "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";

/** Named curves and sizes that TLS libraries refuse. */
function unusableKey(options: { bits?: number; curve?: string }): string {
  const { privateKey } = options.bits
    ? generateKeyPairSync("rsa", { modulusLength: options.bits })
    : generateKeyPairSync("ec", { namedCurve: options.curve! });
  return String(privateKey.export({ type: "pkcs8", format: "pem" }));
}

const USABLE = [
  ["as they are", keyPem, certificatePem],
  ["parameters in front of the key", PARAMETERS + keyPem, certificatePem],
  ["text in front of the certificate", keyPem, `CN = x\n${certificatePem}`],
  ["a chain", keyPem, certificatePem + other.certificatePem],
  ["one file for both", keyPem + certificatePem, keyPem + certificatePem],
  [
    "lines of Windows",
    keyPem.replaceAll("\n", "\r\n"),
    certificatePem.replaceAll("\n", "\r\n"),
  ],
] as const;

for (const [name, key, certificate] of USABLE) {
  Deno.test(`findKeyPairFault() finds none in ${name}`, () => {
    assertEquals(findKeyPairFault(key, certificate), undefined);
  });
}

const ENCRYPTED = keyPem.replaceAll("PRIVATE", "ENCRYPTED PRIVATE");

const FAULTY = [
  ["", certificatePem, "key", "holds no private key in PEM form"],
  [certificatePem, certificatePem, "key", "holds no private key in PEM form"],
  [
    `\ufeff${keyPem}`,
    certificatePem,
    "key",
    "holds no private key in PEM form",
  ],
  [ENCRYPTED, certificatePem, "key", "is encrypted with a password"],
  [other.keyPem, certificatePem, "key", "does not belong to the certificate"],
  [keyPem.replace(/\w{20}/, "AAAA"), certificatePem, "key", "holds a key"],
  [unusableKey({ bits: 1_024 }), certificatePem, "key", "holds a key"],
  [unusableKey({ curve: "secp256k1" }), certificatePem, "key", "holds a key"],
  [keyPem, "", "certificate", "holds no certificate in PEM form"],
  [keyPem, keyPem, "certificate", "holds no certificate in PEM form"],
  [
    keyPem,
    `\ufeff${certificatePem}`,
    "certificate",
    "holds no certificate in PEM form",
  ],
  [
    keyPem,
    certificatePem.slice(0, 200),
    "certificate",
    "holds no certificate in PEM form",
  ],
] as const;

for (const [i, [key, certificate, part, reason]] of FAULTY.entries()) {
  Deno.test(`findKeyPairFault() says that the ${part} ${reason} [case ${i}]`, () => {
    const fault = findKeyPairFault(key, certificate)!;
    assertEquals(
      [fault.part, fault.reason.slice(0, reason.length)],
      [part, reason],
    );
  });
}
