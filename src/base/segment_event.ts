/** A file of a recording is there, empty as yet, or is complete. */
export interface SegmentEvent {
  readonly type: "segmentCreated" | "segmentCompleted";
  readonly pathName: string;
  /** Key of the path's entry in the configuration. */
  readonly confName: string;
  /** What the groups of the entry's pattern took. */
  readonly groups: readonly string[];
  /** As the configuration has it: relative, if that is. */
  readonly file: string;
  /** 0 until it is complete. */
  readonly durationMs: number;
}
