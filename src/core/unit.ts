/** What arrived from the publisher, kept as it came. */
export type UnitOrigin =
  | {
    readonly kind: "payload";
    /** NAL units, OBUs or audio frames, without framing. */
    readonly parts: readonly Uint8Array[];
  }
  | {
    readonly kind: "packets";
    /** Who can take the packets apart, e.g. `"rtp/h264"`. */
    readonly formatId: string;
    /** Whole packets, headers included, in order. */
    readonly packets: readonly Uint8Array[];
  };

/**
 * One access unit of one track: what every protocol reads and writes.
 *
 * Audio units may hold several frames that follow each other. Plain data, immutable once published: many
 * readers hold the same bytes, and a copy may go to another thread. What it looks like in another format is
 * remembered beside it, in `encoding_cache.ts`, never in it.
 */
export interface MediaUnit {
  readonly trackId: number;
  /** Presentation time in ticks of the track's `clockRateHz`, on the stream's time line. */
  readonly ptsTicks: number;
  /** Decoding time in the same ticks; never later than `ptsTicks`. */
  readonly dtsTicks: number;
  /** Wall clock of the capture, milliseconds since the epoch. */
  readonly wallClockMs: number;
  /** A decoder may start here (IDR, IRAP, key frame, any audio unit). */
  readonly isRandomAccess: boolean;
  readonly sizeBytes: number;
  readonly origin: UnitOrigin;
}
