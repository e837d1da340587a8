/** Characters that have a name of their own. */
const CHARS: Readonly<Record<string, string>> = {
  quot: '"',
  apos: "'",
  lt: "<",
  gt: ">",
  amp: "&",
};

/** Last one of Unicode. */
const MAX_CHAR_CODE = 0x10_ffff;

/** Text of an element that is of any use. */
const MAX_ELEMENT_CHARS = 2_048;

/** Text of the first element with a name; undefined if there is none that is short. `name`: letters only. */
export function xmlElement(xml: string, name: string): string | undefined {
  const start = xml.indexOf(`<${name}>`);
  const from = start + name.length + 2;
  const end = xml.indexOf(`</${name}>`, from);
  if (start < 0 || end < 0 || end - from > MAX_ELEMENT_CHARS) return undefined;
  return unescapeXml(xml.slice(from, end));
}

/** Some of the keys of a bucket. */
export interface S3Page {
  readonly keys: readonly string[];
  /** What the next page is asked for with; undefined if this is the last. */
  readonly next: string | undefined;
}

/** Reads an answer to ListObjectsV2; what is malformed has no keys. Spec: Amazon S3 API Reference. */
export function parseS3Page(xml: string): S3Page {
  const keys: string[] = [];
  for (let at = xml.indexOf("<Key>"); at >= 0; at = xml.indexOf("<Key>", at)) {
    at += "<Key>".length;
    const end = xml.indexOf("</Key>", at);
    if (end < 0) break;
    if (end - at <= MAX_ELEMENT_CHARS) {
      keys.push(unescapeXml(xml.slice(at, end)));
    }
    at = end;
  }
  const isLast = xmlElement(xml, "IsTruncated") !== "true";
  const next = isLast ? undefined : xmlElement(xml, "NextContinuationToken");
  return { keys, next };
}

function unescapeXml(text: string): string {
  return text
    .replace(
      /&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(quot|apos|lt|gt|amp));/gi,
      (escaped, decimal, hex, name) => {
        if (name) return CHARS[name.toLowerCase()]!;
        const code = decimal ? Number(decimal) : parseInt(hex, 16);
        return code <= MAX_CHAR_CODE ? String.fromCodePoint(code) : escaped;
      },
    )
    .replace(/\p{Cc}/gu, " ");
}

/** Text as it stands in an element. */
export function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
