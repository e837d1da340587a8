/** What a static payload type means. */
export interface StaticPayloadType {
  readonly encodingName: string;
  readonly clockRateHz: number;
  /** Channels; undefined for video and for one channel. */
  readonly channelCount?: number;
}

/** Payload types that need no `a=rtpmap`. Spec: RFC 3551 §6, tables 4 and 5. */
export const STATIC_PAYLOAD_TYPES: ReadonlyMap<number, StaticPayloadType> =
  new Map([
    [0, { encodingName: "PCMU", clockRateHz: 8_000 }],
    [3, { encodingName: "GSM", clockRateHz: 8_000 }],
    [4, { encodingName: "G723", clockRateHz: 8_000 }],
    [5, { encodingName: "DVI4", clockRateHz: 8_000 }],
    [6, { encodingName: "DVI4", clockRateHz: 16_000 }],
    [7, { encodingName: "LPC", clockRateHz: 8_000 }],
    [8, { encodingName: "PCMA", clockRateHz: 8_000 }],
    [9, { encodingName: "G722", clockRateHz: 8_000 }],
    [10, { encodingName: "L16", clockRateHz: 44_100, channelCount: 2 }],
    [11, { encodingName: "L16", clockRateHz: 44_100 }],
    [12, { encodingName: "QCELP", clockRateHz: 8_000 }],
    [13, { encodingName: "CN", clockRateHz: 8_000 }],
    [14, { encodingName: "MPA", clockRateHz: 90_000 }],
    [15, { encodingName: "G728", clockRateHz: 8_000 }],
    [16, { encodingName: "DVI4", clockRateHz: 11_025 }],
    [17, { encodingName: "DVI4", clockRateHz: 22_050 }],
    [18, { encodingName: "G729", clockRateHz: 8_000 }],
    [25, { encodingName: "CelB", clockRateHz: 90_000 }],
    [26, { encodingName: "JPEG", clockRateHz: 90_000 }],
    [28, { encodingName: "nv", clockRateHz: 90_000 }],
    [31, { encodingName: "H261", clockRateHz: 90_000 }],
    [32, { encodingName: "MPV", clockRateHz: 90_000 }],
    [33, { encodingName: "MP2T", clockRateHz: 90_000 }],
    [34, { encodingName: "H263", clockRateHz: 90_000 }],
  ]);
