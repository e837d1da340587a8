import type { CodecName, ParametersOf } from "#codecs/codec.ts";

/** How SDP describes one payload type of a media section. Spec: RFC 8866 §6.6, §6.15. */
export interface RtpFormatDescription {
  readonly mediaType: "video" | "audio" | "application";
  /** 0 to 127; undefined when the writer may choose a dynamic one. */
  readonly payloadType: number | undefined;
  /** Encoding name of `a=rtpmap`; empty if the section had none and the payload type is not a known static one. */
  readonly encodingName: string;
  /** Clock rate of `a=rtpmap`, ticks a second. */
  readonly clockRateHz: number;
  /** Encoding parameters of `a=rtpmap` (channels); undefined if left out. */
  readonly channelCount: number | undefined;
  /** Parameters of `a=fmtp`, names in lower case when read, in the specification's spelling when written. */
  readonly fmtp: ReadonlyMap<string, string>;
}

/** What ingest must know of a unit without taking it apart. */
export interface RtpUnitSummary<C extends CodecName> {
  /** A decoder may start here. */
  readonly isRandomAccess: boolean;
  /** New parameters if the unit carries other ones than those known so far. */
  readonly parameters: ParametersOf<C> | undefined;
}

/** Reads the units of one track; keeps the parameters seen so far. */
export interface RtpDepacketizer<C extends CodecName> {
  /**
   * Looks at the payloads of one whole unit, in order, without taking them apart.
   *
   * Hot path. Input: owned views of RTP payloads. Never throws: what it cannot read is no random access point.
   */
  inspect(payloads: readonly Uint8Array[]): RtpUnitSummary<C>;
  /**
   * Takes payloads apart into parts: NAL units without start codes, audio frames.
   *
   * Input: the payloads of one whole unit, in order, owned. Output: views where possible.
   * Does not change the state of the depacketizer.
   *
   * @throws {ParseError} if a payload is cut, a fragment is missing or a limit is passed.
   */
  extract(payloads: readonly Uint8Array[]): Uint8Array[];
}

/** One RTP payload to send. */
export interface RtpPayload {
  /** Payload without the RTP header, owned, or a view of the unit's bytes. */
  readonly bytes: Uint8Array;
  /** Marker bit. */
  readonly marker: boolean;
  /** Ticks after the unit's timestamp: several audio frames of one unit in packets of their own. */
  readonly offsetTicks: number;
}

/** Writes the units of one track. */
export interface RtpPacketizer {
  /**
   * Splits one unit's parts into payloads of at most `maxPayloadBytes`.
   *
   * Hot path. Input: owned parts. An empty result means that the unit holds nothing to send.
   */
  packetize(
    parts: readonly Uint8Array[],
    isRandomAccess: boolean,
  ): RtpPayload[];
}

/** Where a unit ends in a sequence of packets. */
export type RtpUnitBoundary =
  /** With the marker bit, or where the timestamp changes: video. */
  | "marker"
  /** Every packet is a unit: audio whose frames are never fragmented. */
  | "packet"
  /** Where the payload itself says so, or where the timestamp changes: frames that may be fragmented without a marker. */
  | ((payload: Uint8Array) => boolean);

/** One way to carry a codec in RTP: the one face of each room in `payloads/`. */
export interface RtpPayloadFormat<C extends CodecName> {
  /** Key of `UnitOrigin.formatId`, e.g. `"rtp/h264"`. */
  readonly formatId: string;
  readonly codec: C;
  readonly unitBoundary: RtpUnitBoundary;
  /**
   * Understands a description.
   *
   * Output: undefined if it describes another format.
   * @throws {ParseError} if it describes this format, but wrongly.
   */
  parseDescription(
    description: RtpFormatDescription,
  ): ParametersOf<C> | undefined;
  /** Describes these parameters; undefined if this format does not carry them. */
  describe(parameters: ParametersOf<C>): RtpFormatDescription | undefined;
  openDepacketizer(parameters: ParametersOf<C>): RtpDepacketizer<C>;
  /** `maxPayloadBytes`: RTP payload without header. */
  openPacketizer(
    parameters: ParametersOf<C>,
    maxPayloadBytes: number,
  ): RtpPacketizer;
}
