/** An answer as a peer reads it. */
export interface Answer {
  readonly status: number;
  /** By name in lower case. */
  readonly fields: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Statuses whose answers have no body. */
const WITHOUT_BODY: readonly number[] = [101, 204, 304];

const FIELD = /^[\w-]+: [\x20-\x7e\x80-\xff]*$/;

const decoder = new TextDecoder("latin1");

/**
 * Reads all answers that were sent over a connection, a character for each byte.
 *
 * Input: `isHead` tells of the answer with a number whether no body was asked for.
 *
 * @throws {Error} if they are not of HTTP/1.1, or something is left.
 */
export function readAnswers(
  sent: Uint8Array,
  isHead: (index: number) => boolean = () => false,
): Answer[] {
  const answers: Answer[] = [];
  let rest = decoder.decode(sent);
  while (rest !== "") {
    const endAt = rest.indexOf("\r\n\r\n");
    if (endAt < 0) throw new Error(`no head: ${JSON.stringify(rest)}`);
    const [first = "", ...lines] = rest.slice(0, endAt).split("\r\n");
    rest = rest.slice(endAt + 4);
    const status = Number(/^HTTP\/1\.[01] (\d{3}) [\w ]*$/.exec(first)?.[1]);
    if (!(status > 0)) throw new Error(`no status: ${JSON.stringify(first)}`);
    const fields = fieldsOf(lines);
    if (isHead(answers.length) || WITHOUT_BODY.includes(status)) {
      answers.push({ status, fields, body: "" });
      continue;
    }
    const [body, after] = bodyOf(fields, rest);
    answers.push({ status, fields, body });
    rest = after;
  }
  return answers;
}

function fieldsOf(lines: readonly string[]): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const line of lines) {
    if (!FIELD.test(line)) throw new Error(`no field: ${JSON.stringify(line)}`);
    const name = line.slice(0, line.indexOf(":")).toLowerCase();
    if (fields[name] !== undefined) throw new Error(`${name} comes twice`);
    fields[name] = line.slice(name.length + 2);
  }
  return fields;
}

/** Output: the body, and what stands behind it. */
function bodyOf(
  fields: Readonly<Record<string, string>>,
  rest: string,
): [body: string, after: string] {
  const length = fields["content-length"];
  if (length !== undefined) {
    if (rest.length < Number(length)) throw new Error("the body breaks off");
    return [rest.slice(0, Number(length)), rest.slice(Number(length))];
  }
  if (fields["transfer-encoding"] !== "chunked") {
    if (fields["connection"] !== "close") throw new Error("it has no end");
    return [rest, ""];
  }
  let body = "";
  let after = rest;
  for (;;) {
    const [size = ""] = after.split("\r\n", 1);
    if (!/^[\da-f]+$/.test(size)) throw new Error(`no chunk: ${size}`);
    const from = size.length + 2;
    const end = from + parseInt(size, 16);
    if (after.slice(end, end + 2) !== "\r\n") throw new Error("no chunk end");
    body += after.slice(from, end);
    after = after.slice(end + 2);
    if (end === from) return [body, after];
  }
}
