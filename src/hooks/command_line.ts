/** Characters that a backslash takes their meaning from inside double quotes. Spec: POSIX.1-2017, Shell Command Language §2.2.3. */
const ESCAPED_IN_QUOTES = '$`"\\';

/**
 * Splits a command line into its words: no shell, so no pipes, globs or substitutions.
 *
 * Whitespace separates; `'…'` is literal; in `"…"` a backslash escapes `$`, `` ` ``, `"`, itself and the end of a line;
 * elsewhere it escapes any character. Pieces side by side make one word.
 *
 * Output: the words; none if there are only blanks.
 *
 * @throws {SyntaxError} if a quote is not closed, or the line ends with a backslash.
 */
export function splitCommandLine(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  for (let i = 0; i < line.length; i++) {
    const character = line[i]!;
    if (/\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (character === "'") {
      const end = line.indexOf("'", i + 1);
      if (end < 0) throw new SyntaxError("a single quote is not closed");
      word = (word ?? "") + line.slice(i + 1, end);
      i = end;
    } else if (character === '"') {
      const quoted = readDoubleQuoted(line, i + 1);
      word = (word ?? "") + quoted.text;
      i = quoted.end;
    } else if (character === "\\") {
      if (++i >= line.length) throw new SyntaxError("it ends with a backslash");
      if (line[i] !== "\n") word = (word ?? "") + line[i];
    } else word = (word ?? "") + character;
  }
  if (word !== undefined) words.push(word);
  return words;
}

function readDoubleQuoted(
  line: string,
  start: number,
): { readonly text: string; readonly end: number } {
  let text = "";
  for (let i = start; i < line.length; i++) {
    const character = line[i]!;
    if (character === '"') return { text, end: i };
    const next = line[i + 1];
    if (character !== "\\" || next === undefined) text += character;
    else if (next === "\n") i++;
    else if (ESCAPED_IN_QUOTES.includes(next)) {
      text += next;
      i++;
    } else text += character;
  }
  throw new SyntaxError("a double quote is not closed");
}

/**
 * Replaces `$NAME` and `${NAME}`; unknown names are empty, what is set in is not looked at again.
 *
 * Names of one character that shells know (`$1`, `$?`) are empty, malformed braces are removed, and a dollar sign
 * before anything else stays.
 */
export function expandVariables(
  text: string,
  valueOf: (name: string) => string | undefined,
): string {
  return text.replace(
    /\$(?:\{([^}]*)\}|\{|([A-Za-z_]\w*)|([$*#@!?\-0-9]))/g,
    (_, braced?: string, plain?: string, special?: string) => {
      if (special !== undefined) return "";
      const name = plain ?? braced ?? "";
      return /^[A-Za-z_]\w*$/.test(name) ? valueOf(name) ?? "" : "";
    },
  );
}
