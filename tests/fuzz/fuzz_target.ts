// deno-lint-ignore no-explicit-any
type ErrorClass = new (...args: any[]) => Error;

/** One parser of peers' bytes, or several that are given the same bytes, and what may become of any input. */
export interface FuzzTarget {
  /** Names the folder of its findings, too: `tests/corpus/<name>`. */
  readonly name: string;
  /** Whole inputs that mutations start from; the parser takes at least one of them. */
  readonly seeds: () => readonly Uint8Array[];
  /** Errors that an input may be answered with; everything else that is thrown is a finding. */
  readonly rejects: readonly ErrorClass[];
  /**
   * Gives the parser one input, and checks what comes out of it.
   *
   * Input: owned. Output: whether it was taken; a parser that answers a rejection instead of throwing says so here.
   */
  readonly run: (input: Uint8Array<ArrayBuffer>) => boolean | Promise<boolean>;
  /** Executions of others that one of this target costs; 1 if left out. */
  readonly cost?: number;
  /** How many times parsers go over one input: each may take as long as one may; 1 if left out. */
  readonly passes?: number;
}

const decoder = new TextDecoder();

/** A run for a parser of bytes: it took them, unless it answers nothing, false, or the name of a rejection. */
export function takes<T>(
  parse: (bytes: Uint8Array<ArrayBuffer>) => T,
): (input: Uint8Array<ArrayBuffer>) => boolean {
  return (input) => {
    const result = parse(input);
    return result !== undefined && result !== false &&
      typeof result !== "string";
  };
}

/** A run for a parser of text: it took it, unless it answers false. */
export function takesText<T>(
  parse: (text: string) => T,
): (input: Uint8Array<ArrayBuffer>) => boolean {
  return (input) => parse(decoder.decode(input)) !== false;
}
