import {
  parseMikeyBase64,
  serializeMikeyBase64,
} from "#formats/mikey/sdp_key_mgmt.ts";
import type { MikeyMessage } from "#formats/mikey/mikey_message.ts";
import {
  headerError,
  parseParameter,
  quote,
  splitOutsideQuotes,
} from "./parameters.ts";

const FORMAT = "KeyMgmt header";

/** The keys of what a peer sends. Spec: RFC 4567 §3.2. */
export interface KeyMgmt {
  /** What the keys are for; empty if the header does not say. */
  readonly uri: string;
  readonly message: MikeyMessage;
}

/**
 * Parses a `KeyMgmt` header.
 *
 * Output: its first alternative with MIKEY.
 * Limits: those of a MIKEY message.
 * Spec: RFC 4567 §3.2.
 *
 * @throws {ParseError} if there is no such alternative, or its message cannot be read.
 */
export function parseKeyMgmt(text: string): KeyMgmt {
  for (const alternative of splitOutsideQuotes(text, ",")) {
    const parameters = new Map(
      splitOutsideQuotes(alternative, ";").map((piece) => {
        const { name, value } = parseParameter(piece);
        return [name, value ?? ""];
      }),
    );
    if (parameters.get("prot")?.toLowerCase() !== "mikey") continue;
    return {
      uri: parameters.get("uri") ?? "",
      message: parseMikeyBase64(parameters.get("data") ?? ""),
    };
  }
  throw headerError("must be mikey", { format: FORMAT, field: "prot" });
}

/** Writes a `KeyMgmt` header. Spec: RFC 4567 §3.2. */
export function serializeKeyMgmt({ uri, message }: KeyMgmt): string {
  return `prot=mikey;uri=${quote(uri)};data=${
    quote(serializeMikeyBase64(message))
  }`;
}
