import {
  escapeXml,
  parseS3Page,
  xmlElement,
} from "#recording/upload/s3_xml.ts";
import { assertEquals } from "#test/assert.ts";

const ELEMENTS = [
  { name: "an ETag", xml: "<R><E>&quot;0a-2&#34;</E></R>", text: '"0a-2"' },
  { name: "the first one", xml: "<E>1</E><E>2</E>", text: "1" },
  { name: "what is escaped", xml: "<E>&lt;&amp;lt;&gt;</E>", text: "<&lt;>" },
  {
    name: "characters by their numbers",
    xml: "<E>&#39;&#x27;&#X1F600;&#0;&#1114112;&#x110000;&#xD800;&#;&e;</E>",
    text: "''😀 &#1114112;&#x110000;\ud800&#;&e;",
  },
  { name: "control characters", xml: "<E>a\r\n\x1bb</E>", text: "a   b" },
  { name: "nothing", xml: "<E></E>", text: "" },
  { name: "none without an end", xml: "<E>1", text: undefined },
  { name: "none that ends before", xml: "</E><E>1", text: undefined },
  { name: "no other", xml: "<EE>1</EE>", text: undefined },
  {
    name: "none that is long",
    xml: `<E>${"x".repeat(3_000)}</E>`,
    text: undefined,
  },
];

for (const { name, xml, text } of ELEMENTS) {
  Deno.test(`xmlElement() reads ${name}`, () => {
    assertEquals(xmlElement(xml, "E"), text);
  });
}

Deno.test("escapeXml() is undone by xmlElement()", () => {
  const text = `a<b>&"'&amp;`;
  assertEquals(xmlElement(`<E>${escapeXml(text)}</E>`, "E"), text);
});

/** As a server answers; seeds of a fuzz target. */
const PAGES = [
  {
    name: "one of several pages",
    xml:
      "<L><IsTruncated>true</IsTruncated><Contents><Key>a/1&amp;.mp4</Key><Size>1</Size></Contents><Contents><Key>b</Key></Contents><NextContinuationToken>x/=</NextContinuationToken></L>",
    page: { keys: ["a/1&.mp4", "b"], next: "x/=" },
  },
  {
    name: "the last page",
    xml: "<L><IsTruncated>false</IsTruncated><Key>a</Key></L>",
    page: { keys: ["a"], next: undefined },
  },
  {
    name: "a page that is cut off",
    xml: "<L><IsTruncated>true</IsTruncated><Key>a</Key><Key>b",
    page: { keys: ["a"], next: undefined },
  },
  { name: "an error", xml: "<Error/>", page: { keys: [], next: undefined } },
];

for (const { name, xml, page } of PAGES) {
  Deno.test(`parseS3Page() reads ${name}`, () => {
    assertEquals(parseS3Page(xml), page);
  });
}
