import { libc } from "#platform/libc.ts";
import { processFigures } from "#platform/process_figures.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { runProcess } from "#test/processes.ts";

const MODULE = new URL(
  "../../src/platform/process_figures.ts",
  import.meta.url,
);

Deno.test("processFigures() are those of this process", () => {
  const before = processFigures();
  const kept = new Uint8Array(8_000_000).fill(1);
  const after = processFigures();
  assert(after.externalBytes >= kept.length);
  assert(after.residentBytes >= kept.length);
  assert(
    after.heapUsedBytes > 0 && after.heapUsedBytes <= after.heapTotalBytes,
  );
  assert(after.cpuSeconds > 0 && after.cpuSeconds >= before.cpuSeconds);
  assert(after.uptimeSeconds > before.uptimeSeconds);
});

Deno.test({
  name: "processFigures() count open files and sockets",
  ignore: !libc,
  // In a process of its own: other tests open files in this one.
  async fn() {
    const { stdout, stderr } = await runProcess(Deno.execPath(), [
      "eval",
      "--no-check",
      `const { processFigures } = await import(${JSON.stringify(MODULE.href)});
       const before = processFigures().descriptors;
       const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
       const file = Deno.openSync(${JSON.stringify(MODULE.pathname)});
       const after = processFigures().descriptors;
       console.log(JSON.stringify([
         after.open - before.open,
         after.sockets - before.sockets,
         after.open < after.limit,
       ]));`,
    ]);
    assertEquals(stdout.trim(), "[2,1,true]", stderr);
  },
});
