import {
  createHash,
  generateKeyPairSync,
  randomBytes,
  sign,
} from "node:crypto";
import { join } from "node:path";

/** A private key and a certificate that it signed itself. */
export interface TestCertificate {
  readonly keyPem: string;
  readonly certificatePem: string;
  /** SHA-256 of the certificate, hexadecimal digits. */
  readonly fingerprint: string;
}

/** A certificate in files that a server can be told to use. */
export interface CertificateFiles extends TestCertificate, AsyncDisposable {
  /** Folder that holds nothing else. */
  readonly folder: string;
  readonly keyFile: string;
  readonly certificateFile: string;
  /** Puts another certificate into the files. */
  replace(certificate: TestCertificate): Promise<void>;
}

const SEQUENCE = 0x30;
const SET = 0x31;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const OBJECT_IDENTIFIER = 0x06;
const UTF8_STRING = 0x0c;
const UTC_TIME = 0x17;
const EXPLICIT_0 = 0xa0;
const EXPLICIT_3 = 0xa3;
const DNS_NAME = 0x82;
const IP_ADDRESS = 0x87;

/** `ecdsa-with-SHA256`, `id-at-commonName`, `id-ce-subjectAltName`. */
const OIDS = {
  ecdsaWithSha256: "2a8648ce3d040302",
  commonName: "550403",
  subjectAltName: "551d11",
} as const;

const DAY_MS = 86_400_000;

/**
 * Makes a certificate for `localhost` and 127.0.0.1, valid for a month.
 *
 * Spec: RFC 5280 §4.1, in DER.
 */
export function makeCertificate(): TestCertificate {
  const { privateKey, publicKey } = generateKeyPairSync("ec", {
    namedCurve: "prime256v1",
  });
  const algorithm = der(SEQUENCE, oid("ecdsaWithSha256"));
  const name = der(
    SEQUENCE,
    der(
      SET,
      der(SEQUENCE, oid("commonName"), der(UTF8_STRING, text("weir test"))),
    ),
  );
  const names = der(
    SEQUENCE,
    der(DNS_NAME, text("localhost")),
    der(IP_ADDRESS, Uint8Array.of(127, 0, 0, 1)),
  );
  const body = der(
    SEQUENCE,
    der(EXPLICIT_0, der(INTEGER, Uint8Array.of(2))),
    der(INTEGER, Uint8Array.of(1, ...randomBytes(8))),
    algorithm,
    name,
    der(SEQUENCE, time(-DAY_MS), time(30 * DAY_MS)),
    name,
    Uint8Array.from(publicKey.export({ type: "spki", format: "der" })),
    der(
      EXPLICIT_3,
      der(
        SEQUENCE,
        der(SEQUENCE, oid("subjectAltName"), der(OCTET_STRING, names)),
      ),
    ),
  );
  const signature = sign("sha256", body, privateKey);
  const certificate = der(
    SEQUENCE,
    body,
    algorithm,
    der(BIT_STRING, Uint8Array.of(0), signature),
  );
  return {
    keyPem: String(privateKey.export({ type: "pkcs8", format: "pem" })),
    certificatePem: pem(certificate),
    fingerprint: createHash("sha256").update(certificate).digest("hex"),
  };
}

/** Makes a certificate and writes it to a folder of its own, until disposed of. */
export async function writeCertificate(): Promise<CertificateFiles> {
  const certificate = makeCertificate();
  const folder = await Deno.makeTempDir({ prefix: "weir_test_" });
  const files = {
    ...certificate,
    folder,
    keyFile: join(folder, "server.key"),
    certificateFile: join(folder, "server.crt"),
    async replace({ keyPem, certificatePem }: TestCertificate): Promise<void> {
      await Deno.writeTextFile(files.keyFile, keyPem);
      await Deno.writeTextFile(files.certificateFile, certificatePem);
    },
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
  await files.replace(certificate);
  return files;
}

function der(
  tag: number,
  ...parts: readonly Uint8Array[]
): Uint8Array<ArrayBuffer> {
  const content = parts.flatMap((part) => [...part]);
  const { length } = content;
  const size = length < 0x80
    ? [length]
    : length < 0x100
    ? [0x81, length]
    : [0x82, length >> 8, length & 0xff];
  return Uint8Array.of(tag, ...size, ...content);
}

function oid(name: keyof typeof OIDS): Uint8Array {
  return der(OBJECT_IDENTIFIER, Uint8Array.fromHex(OIDS[name]));
}

function time(fromNowMs: number): Uint8Array {
  const iso = new Date(Date.now() + fromNowMs).toISOString();
  const digits = iso.replace(/\.\d+/, "").replace(/[-:T]/g, "");
  return der(UTC_TIME, text(digits.slice(2)));
}

function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

function pem(bytes: Uint8Array): string {
  const lines = bytes.toBase64().match(/.{1,64}/g)!;
  return [
    "-----BEGIN CERTIFICATE-----",
    ...lines,
    "-----END CERTIFICATE-----",
    "",
  ].join("\n");
}
