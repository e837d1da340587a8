const encoder = new TextEncoder();

/** Standard output, line by line. */
export const standardOutput = {
  /** Somebody looks at it. */
  isTerminal: Deno.stdout.isTerminal(),
  /** Writes one line and its end; a reader that has gone away is no error of ours. */
  write(line: string): void {
    const bytes = encoder.encode(`${line}\n`);
    try {
      for (let at = 0; at < bytes.length;) {
        at += Deno.stdout.writeSync(bytes.subarray(at));
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
    }
  },
};
