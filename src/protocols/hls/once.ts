/**
 * The same function for texts that come many times in a row, as viewers ask for the same thing at the same time: its last
 * result is kept. Hot path.
 */
export function once<T>(read: (text: string) => T): (text: string) => T {
  let last: { readonly text: string; readonly result: T } | undefined;
  return (text) => {
    if (last?.text !== text) last = { text, result: read(text) };
    return last.result;
  };
}
