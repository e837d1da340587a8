/** How much flows. */
export interface Rates {
  /** Bits a second, over the last second. */
  readonly bitrateBps: number;
  /** Bits a second, over the last ten seconds. */
  readonly bitrateBps10s: number;
}

/** How much a path takes in. */
export interface PathRates extends Rates {
  /** Pictures a second over the last ten seconds; units, where there are no pictures. */
  readonly framesPerSecond: number;
}

/** Answers how much flows now; zero for what is not known. */
export interface RatePort {
  ofPath(name: string): PathRates;
  /** What a publisher sends, or a reader is sent. */
  ofSession(id: string): Rates;
}
