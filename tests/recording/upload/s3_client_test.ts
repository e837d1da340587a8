import { systemClock } from "#base/clock.ts";
import { S3Client, S3Error } from "#recording/upload/s3_client.ts";
import { assertEquals, assertRejects } from "#test/assert.ts";
import { type HttpAnswerer, openHttpServer } from "#test/http_server.ts";
import { ENVIRONMENT } from "./fake_s3.ts";

const { signal } = new AbortController();

async function withServer(
  answer: HttpAnswerer,
  run: (client: S3Client, url: string) => Promise<void>,
): Promise<void> {
  await using server = openHttpServer(answer);
  const { region, access } = ENVIRONMENT;
  const client = new S3Client({ access, region, clock: systemClock });
  await run(client, `${server.url}/bucket/key`);
}

Deno.test("S3Client tells which ETags are no checksums", async () => {
  const headers: Record<string, string> = { etag: '"abc"' };
  await withServer(
    () =>
      new Response(null, { headers: { ...headers, "content-length": "7" } }),
    async (client, url) => {
      const plain = { sizeBytes: 7, etag: "abc", isEncrypted: false };
      assertEquals(await client.find(url, signal), plain);
      headers["x-amz-server-side-encryption"] = "AES256";
      assertEquals(await client.find(url, signal), plain);
      headers["x-amz-server-side-encryption"] = "aws:kms:dsse";
      const encrypted = { ...plain, isEncrypted: true };
      assertEquals(await client.find(url, signal), encrypted);
    },
  );
});

Deno.test("S3Client follows no redirect: its signature is for one server", async () => {
  await withServer(
    ({ path }) =>
      path === "/other"
        ? new Response()
        : new Response("<Error><Code>PermanentRedirect</Code></Error>", {
          status: 301,
          headers: { location: "/other" },
        }),
    async (client, url) => {
      const body = { bytes: new Uint8Array(1), md5: new Uint8Array(16) };
      const error = await assertRejects(client.put(url, body, signal), S3Error);
      assertEquals(error.status, 301);
    },
  );
});

Deno.test("S3Client does not take an answer for a success that is an error", async () => {
  const xml = "<Error><Code>SlowDown</Code></Error>";
  await withServer(() => new Response(xml), async (client, url) => {
    const parts = { url, query: "uploadId=1" };
    const error = await assertRejects(
      client.joinParts(parts, ["a"], signal),
      S3Error,
    );
    assertEquals(error.message, "the server answered 200: SlowDown");
    await assertRejects(client.beginParts(url, signal), S3Error);
  });
});

Deno.test("S3Client shows no secret in what goes wrong", async () => {
  await withServer(
    ({ headers }) =>
      new Response(
        `<Code>X</Code><Message>${headers.get("authorization")}</Message>`,
        { status: 403 },
      ),
    async (client, url) => {
      const error = await assertRejects(client.find(url, signal), S3Error);
      const { secretAccessKey } = await ENVIRONMENT.access.current();
      assertEquals(error.message.includes(secretAccessKey.reveal()), false);
    },
  );
});

Deno.test("S3Client takes a user that is not known for no missing object", async () => {
  const codes = ["XAdminUserNotFound", "NoSuchBucket", "NoSuchKey"];
  const outcomes: boolean[] = [];
  for (const code of codes) {
    await withServer(
      () => new Response(`<Code>${code}</Code>`, { status: 404 }),
      async (client, url) => {
        const range = { offsetBytes: 0, lengthBytes: 1 };
        const reading = client.read(url, range, signal);
        outcomes.push((await assertRejects(reading, S3Error)).isNotFound);
      },
    );
  }
  assertEquals(outcomes, [false, false, true]);
});

Deno.test("S3Client sends at once to a server that will not be asked first", async () => {
  const statuses: number[] = [];
  await withServer(
    ({ headers }) => {
      const status = headers.get("expect") === null ? 200 : 417;
      statuses.push(status);
      return new Response(null, { status, headers: { etag: "a" } });
    },
    async (client, url) => {
      const body = { bytes: new Uint8Array(9), md5: new Uint8Array(16) };
      assertEquals(await client.put(url, body, signal), "a");
    },
  );
  assertEquals(statuses, [417, 200]);
});
