/** Text of an element that is of any use. */
const MAX_ELEMENT_CHARS = 2_048;

/** Text of the first element with a name; undefined if there is none that is short. `name`: letters only. */
export function xmlElement(xml: string, name: string): string | undefined {
  const start = xml.indexOf(`<${name}>`);
  const from = start + name.length + 2;
  const end = xml.indexOf(`</${name}>`, from);
  if (start < 0 || end < 0 || end - from > MAX_ELEMENT_CHARS) return undefined;
  return xml.slice(from, end)
    .replace(/&(?:quot|#34);/g, '"')
    .replaceAll("&apos;", "'")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&")
    .replace(/\p{Cc}/gu, " ");
}

/** Text as it stands in an element. */
export function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
