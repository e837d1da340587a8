import { assert, assertEquals, assertRejects } from "#test/assert.ts";
import { accessTo, sessionOwner } from "#test/test_ports.ts";
import { openRawTcp } from "#test/raw_tcp.ts";
import { publishPicture, VIDEO, VIDEO_FRAME_TICKS } from "#test/units.ts";
import {
  fillOf,
  PROTOCOLS,
  type RunningProtocol,
  runProtocol,
} from "./protocols.ts";

const PATH = "cam";

/** Pictures between two at which a decoder may start. */
const GROUP_PICTURES = 10;

/** Somebody publishes to the path without a protocol in between. */
async function publishInside(running: RunningProtocol) {
  const grant = await running.paths.publish(
    accessTo(PATH),
    sessionOwner(running.logger, "inside"),
  );
  const publication = grant.attach([VIDEO]);
  return {
    grant,
    send: (number: number, sizeBytes = 40) =>
      publishPicture(publication, number * VIDEO_FRAME_TICKS, {
        isRandomAccess: number % GROUP_PICTURES === 0,
        sizeBytes,
        fill: fillOf(number),
      }),
  };
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

for (const protocol of PROTOCOLS) {
  const { name } = protocol;

  Deno.test(`${name} module gives what was published, all of it, in order`, async () => {
    await using running = await runProtocol(protocol);
    const available = running.next("pathAvailable");
    using publisher = await protocol.publish(running.port, PATH);
    await publisher.send(0, true);
    await available;
    using first = await protocol.read(running.port, PATH);
    using second = await protocol.read(running.port, PATH);
    await Promise.all([first.until(1), second.until(1)]);
    for (const number of range(1, 60)) {
      await publisher.send(number, number % GROUP_PICTURES === 0);
    }
    await Promise.all([first.until(60), second.until(60)]);
    assertEquals(first.numbers, range(0, 60));
    assertEquals(second.numbers, range(0, 60));
  });

  Deno.test(`${name} module starts a late joiner at the start of the group`, async () => {
    await using running = await runProtocol(protocol);
    const publisher = await publishInside(running);
    for (const number of range(0, 17)) publisher.send(number);
    using reader = await protocol.read(running.port, PATH);
    await reader.until(7);
    assertEquals(reader.numbers, range(10, 17));
    publisher.send(17);
    await reader.until(8);
    assertEquals(reader.numbers, range(10, 18));
  });

  Deno.test(`${name} module ends a reader and a publisher when it is told to`, async () => {
    await using running = await runProtocol(protocol);
    const kick = (state: "read" | "publish") => {
      const { id } = running.sessions.list().find((one) =>
        one.state === state
      )!;
      assert(running.sessions.kick(id, "terminated"));
      return id;
    };
    const available = running.next("pathAvailable");
    using publisher = await protocol.publish(running.port, PATH);
    await publisher.send(0, true);
    await available;
    using reader = await protocol.read(running.port, PATH);
    await reader.until(1);
    const readerGone = running.next("connectionClosed");
    const ids = [kick("read")];
    await reader.end();
    await readerGone;
    const publisherGone = running.next("connectionClosed");
    ids.push(kick("publish"));
    await publisherGone;
    const left = running.sessions.list().map(({ id }) => id);
    assertEquals(left.filter((id) => ids.includes(id)), []);
    assertEquals(running.paths.find(PATH)?.availableAtMs, undefined);
    const closed = running.lines.filter((line) =>
      line.endsWith(" closed: terminated")
    );
    assertEquals(closed.length, 2);
  });

  Deno.test(`${name} module lets a slow reader cost only itself`, async () => {
    await using running = await runProtocol(protocol, { maxQueuedUnits: 8 });
    const publisher = await publishInside(running);
    publisher.send(0);
    using slow = await protocol.read(running.port, PATH);
    using fast = await protocol.read(running.port, PATH);
    await slow.until(1);
    await fast.until(1);
    let sent = 1;
    const drops = () =>
      running.sessions.list().reduce((sum, one) => sum + one.droppedUnits, 0);
    for (; drops() < 30 && sent < 240; sent++) {
      publisher.send(sent, 250_000);
      await fast.until(sent + 1);
    }
    assertEquals(fast.numbers, range(0, sent));
    assert(drops() >= 30, `${drops()} were dropped`);
    publisher.grant[Symbol.dispose]();
    await Promise.all([fast.end(), slow.end()]);
    assert(slow.numbers.length < sent);
    for (const [i, number] of slow.numbers.entries()) {
      const isNext = number === (slow.numbers[i - 1] ?? -1) + 1;
      assert(
        isNext || number % GROUP_PICTURES === 0,
        `${number} comes behind ${slow.numbers[i - 1]}`,
      );
    }
  });

  Deno.test(`${name} module gives everything before it ends with the publisher`, async () => {
    await using running = await runProtocol(protocol);
    const publisher = await publishInside(running);
    publisher.send(0);
    using reader = await protocol.read(running.port, PATH);
    await reader.until(1);
    for (const number of range(1, 20)) publisher.send(number, 20_000);
    publisher.grant[Symbol.dispose]();
    await reader.end();
    assertEquals(reader.numbers, range(0, 20));
  });

  Deno.test(`${name} module survives peers that break off at any point`, async () => {
    await using running = await runProtocol(protocol);
    const publisher = await publishInside(running);
    publisher.send(0);
    for (const _ of range(0, 5)) {
      const closed = running.next("connectionClosed");
      (await protocol.connect(running.port))[Symbol.dispose]();
      await closed;
    }
    for (const stage of ["reads", "publishes"] as const) {
      const closed = running.next("connectionClosed");
      const peer = stage === "reads"
        ? await protocol.read(running.port, PATH)
        : await protocol.publish(running.port, "other");
      peer[Symbol.dispose]();
      await closed;
    }
    assertEquals(running.sessions.list(), []);
    publisher.send(1);
    using reader = await protocol.read(running.port, PATH);
    await reader.until(2);
  });

  Deno.test(`${name} module ends its peers when it is disposed of, and its port is free again`, async () => {
    const running = await runProtocol(protocol);
    const publisher = await publishInside(running);
    publisher.send(0);
    using reader = await protocol.read(running.port, PATH);
    using other = await protocol.publish(running.port, "other");
    using silent = await protocol.connect(running.port);
    await reader.until(1);
    const ended = Promise.all([reader.end(), silent.readToEnd()]);
    await running[Symbol.asyncDispose]();
    await running[Symbol.asyncDispose]();
    await ended;
    assertEquals(running.sessions.list(), []);
    await assertRejects(openRawTcp(running.port), Error);
    Deno.listen({ port: running.port, hostname: "127.0.0.1" }).close();
    other[Symbol.dispose]();
    publisher.grant[Symbol.dispose]();
  });

  Deno.test(`${name} module leaves nothing of many peers behind`, async () => {
    await using running = await runProtocol(protocol);
    const publisher = await publishInside(running);
    publisher.send(0);
    for (const _ of range(0, 4)) {
      const readers = await Promise.all(
        range(0, 10).map(() => protocol.read(running.port, PATH)),
      );
      await Promise.all(readers.map((reader) => reader.until(1)));
      for (const reader of readers) {
        const closed = running.next("connectionClosed");
        reader[Symbol.dispose]();
        await closed;
      }
    }
    assertEquals(running.sessions.list(), []);
    const description = await running.paths.describe(accessTo(PATH));
    assert(description.kind === "stream");
    assertEquals(description.stream.readers.size, 0);
  });
}

for (const from of PROTOCOLS) {
  for (const to of PROTOCOLS) {
    if (from === to) continue;
    Deno.test(`${to.name} module gives what the ${from.name} module takes`, async () => {
      await using source = await runProtocol(from);
      await using target = await to.open(source.ports);
      assert(target !== undefined);
      const port = Number(
        /:(\d+) \(TCP/.exec(
          source.lines.findLast((line) => line.includes("started with"))!,
        )![1],
      );
      const available = source.next("pathAvailable");
      using publisher = await from.publish(source.port, PATH);
      await publisher.send(0, true);
      await available;
      using reader = await to.read(port, PATH);
      await reader.until(1);
      for (const number of range(1, 30)) {
        await publisher.send(number, number % GROUP_PICTURES === 0);
      }
      await reader.until(30);
      assertEquals(reader.numbers, range(0, 30));
    });
  }
}
