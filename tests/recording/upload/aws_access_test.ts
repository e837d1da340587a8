import { AwsAccess } from "#recording/upload/aws_access.ts";
import { assert, assertEquals, assertRejects } from "#test/assert.ts";

async function withFile(
  run: (file: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "weir_aws_" });
  try {
    await run(`${folder}/credentials`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function keysOf(id: string, profile = "default"): string {
  return `[${profile}]\naws_access_key_id=${id}\naws_secret_access_key=s\n`;
}

Deno.test("AwsAccess takes the keys of the environment before those of a profile", async () => {
  await withFile(async (file) => {
    await Deno.writeTextFile(file, keysOf("file") + keysOf("cams", "cams"));
    const place = { AWS_SHARED_CREDENTIALS_FILE: file };
    const keys = { AWS_ACCESS_KEY_ID: "env", AWS_SECRET_ACCESS_KEY: "s" };
    const idOf = async (environment: Record<string, string>) =>
      (await new AwsAccess(environment).current()).accessKeyId;
    assertEquals(await idOf({ ...place, ...keys, AWS_PROFILE: "cams" }), "env");
    assertEquals(await idOf(place), "file");
    assertEquals(await idOf({ ...place, AWS_PROFILE: "cams" }), "cams");
    assertEquals(await idOf({ ...place, AWS_ACCESS_KEY_ID: "half" }), "file");
  });
});

Deno.test("AwsAccess reads the file of the user's own folder", async () => {
  await withFile(async (file) => {
    const home = file.slice(0, file.lastIndexOf("/"));
    await Deno.mkdir(`${home}/.aws`);
    await Deno.writeTextFile(`${home}/.aws/credentials`, keysOf("home"));
    const access = new AwsAccess({ HOME: home });
    assertEquals((await access.current()).accessKeyId, "home");
  });
});

Deno.test("AwsAccess has others once the file has them, and only then", async () => {
  await withFile(async (file) => {
    const access = new AwsAccess({
      AWS_SHARED_CREDENTIALS_FILE: file,
      AWS_PROFILE: "cams",
    });
    const error = await assertRejects(access.current(), Error);
    assert(error.message.endsWith(`for profile cams in ${file}`), "it says so");
    await Deno.writeTextFile(file, keysOf("one", "cams"));
    const first = await access.current();
    assertEquals(first.accessKeyId, "one");
    assertEquals(await access.instead(first), undefined);
    await Deno.writeTextFile(file, keysOf("two", "cams"));
    assertEquals(await access.current(), first, "not before one is refused");
    const refused = await access.current();
    const others = await Promise.all([
      access.instead(refused),
      access.instead(refused),
    ]);
    assertEquals(others.map((one) => one?.accessKeyId), ["two", "two"]);
    assertEquals((await access.current()).accessKeyId, "two");
  });
});

Deno.test("AwsAccess reads the environment's keys again to no effect", async () => {
  const access = new AwsAccess({
    AWS_ACCESS_KEY_ID: "id",
    AWS_SECRET_ACCESS_KEY: "secret",
    AWS_SESSION_TOKEN: "token",
  });
  const keys = await access.current();
  assertEquals(keys.sessionToken?.reveal(), "token");
  assertEquals(await access.instead(keys), undefined);
  assert(!JSON.stringify(keys).includes('secret"'), "it shows no secret");
});
