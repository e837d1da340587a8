import { openAes128 } from "#base/crypto.ts";
import { hmacSha1States } from "./hmac_states.ts";
import { deriveSessionKeys, type SrtpSessionKeys } from "./key_derivation.ts";
import type { PacketTransform } from "./packet_stage.ts";
import type { SrtpKeys } from "./srtp_keys.ts";

/** The transforms of one direction. */
export interface SrtpTransforms extends Disposable {
  readonly rtp: PacketTransform;
  readonly rtcp: PacketTransform;
}

/** Derives the session keys and opens their ciphers. */
export function openSrtpTransforms(keys: SrtpKeys): SrtpTransforms {
  const session = deriveSessionKeys(keys);
  const rtp = openTransform(session.rtp);
  const rtcp = openTransform(session.rtcp);
  return {
    rtp,
    rtcp,
    [Symbol.dispose]() {
      rtp.cipher[Symbol.dispose]();
      rtcp.cipher[Symbol.dispose]();
    },
  };
}

function openTransform(keys: SrtpSessionKeys): PacketTransform {
  return {
    cipher: openAes128(keys.cipherKey),
    salt: keys.salt,
    hmac: hmacSha1States(keys.authenticationKey),
  };
}
