/** A file of a recording is there, empty as yet, or is complete. */
export interface SegmentEvent {
  readonly type: "segmentCreated" | "segmentCompleted";
  readonly pathName: string;
  /** As the configuration has it: relative, if that is. */
  readonly file: string;
  /** 0 until it is complete. */
  readonly durationMs: number;
}
