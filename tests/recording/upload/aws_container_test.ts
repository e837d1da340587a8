import { AwsAccess } from "#recording/upload/aws_access.ts";
import { parseContainerKeys } from "#recording/upload/aws_container.ts";
import { assert, assertEquals, assertRejects } from "#test/assert.ts";
import { openHttpServer } from "#test/http_server.ts";

const ANSWER =
  '{"AccessKeyId":"id","SecretAccessKey":"secret","Token":"token","Expiration":"2030-01-01T00:00:00Z"}';

const NO_FILE = { AWS_SHARED_CREDENTIALS_FILE: "/not/there" };

Deno.test("parseContainerKeys() reads keys, with and without a token", () => {
  assertEquals(parseContainerKeys(ANSWER)?.sessionToken?.reveal(), "token");
  const bare = parseContainerKeys(
    '{"AccessKeyId":"id","SecretAccessKey":"secret"}',
  );
  assertEquals([bare?.accessKeyId, bare?.sessionToken], ["id", undefined]);
});

const NO_KEYS = [
  "",
  "null",
  "[]",
  '"id"',
  '{"AccessKeyId":"id"}',
  '{"AccessKeyId":1,"SecretAccessKey":2}',
  '{"code":"AccessDenied"}',
];

for (const text of NO_KEYS) {
  Deno.test(`parseContainerKeys() finds none in '${text}'`, () => {
    assertEquals(parseContainerKeys(text), undefined);
  });
}

Deno.test("AwsAccess asks what runs the container, with its token", async () => {
  const tokenFile = await Deno.makeTempFile();
  await Deno.writeTextFile(tokenFile, "secret token\n");
  const seen: (string | null)[] = [];
  let status = 200;
  await using server = openHttpServer(({ path, headers }) => {
    seen.push(path, headers.get("authorization"));
    return new Response(ANSWER, { status });
  });
  const access = new AwsAccess({
    ...NO_FILE,
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `${server.url}/keys`,
    AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: tokenFile,
  });
  const keys = await access.current();
  assertEquals(keys.accessKeyId, "id");
  assertEquals(seen, ["/keys", "secret token"]);
  assertEquals(await access.current(), keys);
  assertEquals(seen.length, 2, "it remembers them");
  assertEquals(await access.instead(keys), undefined);
  assertEquals(seen.length, 4, "and asks again where they were refused");
  status = 403;
  const error = await assertRejects(
    new AwsAccess({
      ...NO_FILE,
      AWS_CONTAINER_CREDENTIALS_FULL_URI: server.url,
    }).current(),
    Error,
  );
  assert(error.message.endsWith("gave no keys: it answered 403"), "it says so");
  await Deno.remove(tokenFile);
});
