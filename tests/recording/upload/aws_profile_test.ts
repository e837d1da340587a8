import { parseAwsProfile } from "#recording/upload/aws_profile.ts";
import { assertEquals } from "#test/assert.ts";

const FILE = `# keys
[default]
aws_access_key_id = AKIDDEFAULT
aws_secret_access_key=secret/of+default=
region = eu-test-1

[profile other]
\tAWS_Access_Key_Id=AKIDOTHER   # of somebody
aws_secret_access_key\t=\tother
aws_session_token = token==
; aws_session_token = old
[role]
role_arn = arn:aws:iam::1:role/x
source_profile = default
[half]
aws_access_key_id = AKIDHALF
aws_secret_access_key =
`;

const PROFILES: readonly (readonly [name: string, wanted: unknown])[] = [
  ["default", ["AKIDDEFAULT", "secret/of+default=", undefined]],
  ["other", ["AKIDOTHER", "other", "token=="]],
  ["role", undefined],
  ["half", undefined],
  ["none", undefined],
  ["", undefined],
];

for (const [name, wanted] of PROFILES) {
  for (const lineEnd of ["\n", "\r\n"]) {
    Deno.test(`parseAwsProfile() reads ${name || "no name"} with ${JSON.stringify(lineEnd)}`, () => {
      const found = parseAwsProfile(FILE.replaceAll("\n", lineEnd), name);
      assertEquals(
        found && [
          found.accessKeyId,
          found.secretAccessKey.reveal(),
          found.sessionToken?.reveal(),
        ],
        wanted,
      );
    });
  }
}

Deno.test("parseAwsProfile() takes the later of two sections, key by key", () => {
  const text = `[a]\naws_access_key_id=1\naws_secret_access_key=2\n[a]\n` +
    `aws_access_key_id=3\n`;
  assertEquals(parseAwsProfile(text, "a")?.accessKeyId, "3");
});
