import { randomBytes } from "#base/crypto.ts";
import { errorText } from "#base/errors.ts";
import { parseSdpKeyMgmt } from "#formats/mikey/sdp_key_mgmt.ts";
import {
  exchangeFromMikey,
  mikeyFromExchange,
  type SrtpExchange,
} from "#formats/mikey/srtp_exchange.ts";
import { createSrtpKeys } from "#formats/srtp/srtp_keys.ts";
import type { SourceProtection } from "#protocols/rtsp/track_protection.ts";
import {
  parseKeyMgmt,
  serializeKeyMgmt,
} from "#protocols/rtsp/wire/headers/key_mgmt.ts";
import type { RtspResponse } from "#protocols/rtsp/wire/response.ts";
import type { MediaTransport } from "./media_transport.ts";
import type { OriginTrack } from "./origin_tracks.ts";
import { requireSuccess } from "./rtsp_client.ts";

const UNSUPPORTED_TRANSPORT = 461;

/** Status of origins that want to be given the keys. Spec: RFC 4567 §4.2. */
const KEY_MANAGEMENT_FAILURE = 463;

/** Bytes of the identifier that such origins want with the key. */
const MKI_BYTES = 4;

/** The origin does not do the transport, or answers with another one: a different one may work. */
export class TransportRefusal extends Error {
  override readonly name = "TransportRefusal";
}

/** What is needed to set tracks up. */
export interface TrackSetupOptions {
  /** Sends SETUP. */
  readonly ask: (
    url: string,
    headers: Readonly<Record<string, string>>,
  ) => Promise<RtspResponse>;
  readonly transport: MediaTransport;
  /** Name of the transport, for messages. */
  readonly transportName: string;
  /** Takes the keys of tracks that travel as SRTP. */
  readonly protection: SourceProtection;
  /** Keys may be told: the connection is encrypted. */
  readonly isEncrypted: boolean;
  /** Sources of what is sent to the origin, by position of the track. */
  readonly receiverSsrcs: readonly number[];
  /** Wall clock, milliseconds since the epoch. */
  readonly wallMs: () => number;
}

/** Sets tracks of an origin up, one after the other. */
export class TrackSetup {
  #options: TrackSetupOptions;

  /** Asks nothing yet. */
  constructor(options: TrackSetupOptions) {
    this.#options = options;
  }

  /**
   * Agrees with the origin on how a track travels, and on its keys if it is offered as SRTP.
   *
   * Spec: RFC 2326 §10.4, RFC 4567 §4.
   * Deviates: Axis cameras may refuse to give keys of their own (463); they are given those of the other direction.
   *
   * @throws {TransportRefusal} if another transport may work.
   * @throws {Error | ParseError} whatever else is wrong.
   */
  async setUp(index: number, track: OriginTrack): Promise<void> {
    const { transport, isEncrypted } = this.#options;
    const isProtected = isEncrypted && track.isSecure;
    const offer = transport.offer(index, isProtected ? "savp" : "avp");
    let own = isProtected ? this.#createExchange(index) : undefined;
    let response = await this.#ask(track, offer, own);
    const wantsKeys = own !== undefined &&
      response.status === KEY_MANAGEMENT_FAILURE;
    if (wantsKeys) {
      own = withIdentifier(own!);
      response = await this.#ask(track, offer, own);
    }
    await this.#accept(index, response);
    if (!own) return;
    const peer = wantsKeys
      ? { keys: own.keys, rollovers: new Map<number, number>() }
      : originExchange(response, track);
    this.#options.protection.open(index, { peer, own });
  }

  #ask(
    { url }: OriginTrack,
    offer: string,
    own: SrtpExchange | undefined,
  ): Promise<RtspResponse> {
    const { ask, wallMs } = this.#options;
    if (!own) return ask(url, { Transport: offer });
    const message = mikeyFromExchange(own, wallMs());
    const keyMgmt = serializeKeyMgmt({ uri: url, message });
    return ask(url, { Transport: offer, KeyMgmt: keyMgmt });
  }

  async #accept(index: number, response: RtspResponse): Promise<void> {
    const { transport, transportName } = this.#options;
    if (response.status === UNSUPPORTED_TRANSPORT) {
      throw new TransportRefusal(`the origin refuses ${transportName}`);
    }
    requireSuccess(response, `SETUP of track ${index + 1}`);
    try {
      await transport.accept(index, response.headers.get("Transport"));
    } catch (cause) {
      throw new TransportRefusal(errorText(cause), { cause });
    }
  }

  #createExchange(index: number): SrtpExchange {
    const ssrc = this.#options.receiverSsrcs[index]!;
    return { keys: createSrtpKeys(), rollovers: new Map([[ssrc, 0]]) };
  }
}

function withIdentifier({ keys, rollovers }: SrtpExchange): SrtpExchange {
  return { keys: { ...keys, mki: randomBytes(MKI_BYTES) }, rollovers };
}

/** Keys of the origin, from its answer or its description. */
function originExchange(
  { headers }: RtspResponse,
  { keyMgmt }: OriginTrack,
): SrtpExchange {
  const answer = headers.get("KeyMgmt");
  const message = answer === undefined
    ? keyMgmt && parseSdpKeyMgmt(keyMgmt)
    : parseKeyMgmt(answer).message;
  if (message) return exchangeFromMikey(message);
  throw new Error("the origin offers SRTP and does not tell its keys");
}
