import { checkSignature } from "#auth/signature.ts";
import { Secret } from "#base/secret.ts";
import { parseSignOrder, signCommand } from "#cli/sign.ts";
import {
  assert,
  assertEquals,
  assertIncludes,
  assertThrows,
} from "#test/assert.ts";
import { FakeClock, START_WALL_MS } from "#test/fake_clock.ts";
import { accessTo } from "#test/test_ports.ts";

const SECRET = "top-secret";

/** Runs the command over a file with this text. */
async function sign(config: string, ...args: string[]) {
  const file = await Deno.makeTempFile({ suffix: ".yml" });
  await Deno.writeTextFile(file, config);
  const lines: string[] = [];
  const code = await signCommand([...args, "--config", file], {
    write: (line) => void lines.push(line),
    clock: new FakeClock(),
  });
  await Deno.remove(file);
  return { code, lines };
}

for (const algorithm of ["md5", "sha256"] as const) {
  Deno.test(`signCommand() prints what the server takes, with ${algorithm}`, async () => {
    const { code, lines } = await sign(
      `authSignSecret: ${SECRET}\nauthSignAlgorithm: ${algorithm}\nrtspAddress: :9554`,
      "/live/cam/",
      "--ttl",
      "30m",
    );
    assertEquals(code, 0);
    const [query = "", ...urls] = lines;
    checkSignature(
      accessTo("live/cam", { query }),
      {
        secret: new Secret(SECRET),
        algorithm,
        windowMs: 0,
        actions: ["read"],
      },
      START_WALL_MS + 30 * 60_000 - 1,
    );
    assertEquals(urls, [
      `rtsp://localhost:9554/live/cam?${query}`,
      `rtmp://localhost:1935/live/cam?${query}`,
    ]);
    assert(!lines.join().includes(SECRET), "the secret is told");
  });
}

Deno.test("signCommand() takes another algorithm than the configuration, and names encrypted servers", async () => {
  const { lines } = await sign(
    `authSignSecret: ${SECRET}\nrtspEncryption: strict\nrtmp: no`,
    "cam",
    "--algorithm",
    "md5",
  );
  assert(/^sign=[0-9a-f]{32}&ts=\d+$/.test(lines[0]!), lines[0]);
  assertEquals(lines[1], `rtsps://localhost:8322/cam?${lines[0]}`);
});

Deno.test("signCommand() refuses to print what the server would not take", async () => {
  const noSecret = await sign("logLevel: info", "cam");
  assertEquals(noSecret.code, 1);
  assertIncludes(noSecret.lines[0]!, "set authSignSecret");
  const config = `authSignSecret: ${SECRET}\nauthSignWindow: 1h`;
  const tooLong = await sign(config, "cam", "--ttl", "61m");
  assertEquals(tooLong.code, 1);
  assertIncludes(tooLong.lines[0]!, "longer than authSignWindow");
  const broken = await sign("authSignAlgorithm: sha1", "cam");
  assertEquals(broken.code, 1);
  assertIncludes(broken.lines[0]!, "invalid authSignAlgorithm: 'sha1'");
});

const REFUSALS = [
  { args: [], text: "one path is needed" },
  { args: ["/"], text: "one path is needed" },
  { args: ["a", "b"], text: "one path is needed" },
  { args: ["my cam"], text: "invalid path name: can contain only" },
  { args: ["a", "--ttl"], text: "--ttl needs a value" },
  { args: ["a", "--ttl", "1x"], text: "1x" },
  { args: ["a", "--ttl", "0s"], text: "one second or more" },
  { args: ["a", "--ttl", "-1h"], text: "one second or more" },
  { args: ["a", "--algorithm", "sha1"], text: 'found "sha1"' },
  { args: ["a", "--secret", "x"], text: 'unexpected argument "--secret"' },
];

for (const { args, text } of REFUSALS) {
  Deno.test(`parseSignOrder() refuses [${args}]`, () => {
    const error = assertThrows(() => parseSignOrder(args), RangeError);
    assertIncludes(error.message, text);
  });
}
