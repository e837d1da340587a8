import type { PathInfo } from "#core/path_info.ts";
import type { SessionInfo } from "#core/session_info.ts";
import { DescriptionList } from "#base/description_list.ts";
import { RateSampler } from "#paths/rates.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { FakeClock } from "#test/fake_clock.ts";

const ZERO = { bitrateBps: 0, bitrateBps10s: 0 };

interface Counted {
  bytes: number;
  frames: number;
}

/** A sampler over one path and one session, whose counters the test turns. */
function opened(state: SessionInfo["state"] = "publish") {
  const clock = new FakeClock();
  const counted: Counted = { bytes: 0, frames: 0 };
  let listings = 0;
  let path: PathInfo | undefined;
  const open = () => {
    const availableAtMs = clock.wallMs();
    path = {
      name: "cam",
      confName: "all_others",
      availableAtMs,
      source: undefined,
      tracks: [],
      readers: [],
      get inboundBytes() {
        return counted.bytes;
      },
      outboundBytes: 0,
      inboundErrors: 0,
      lostPackets: 0,
      get frames() {
        return counted.frames;
      },
      keyFrameAtMs: undefined,
      lastUnitAtMs: undefined,
    };
  };
  open();
  const sessions = new DescriptionList<SessionInfo>();
  const createdAtMs = clock.wallMs();
  const registration = sessions.register({
    describe: () => ({
      id: "s",
      type: "rtspSession",
      createdAtMs,
      remoteAddress: "192.0.2.9:5000",
      state,
      pathName: "cam",
      query: "",
      user: "",
      userAgent: "",
      inboundBytes: state === "publish" ? counted.bytes : 1_000_000,
      outboundBytes: state === "publish" ? 1_000_000 : counted.bytes,
      droppedUnits: 0,
      lostPackets: 0,
      details: {},
    }),
    kick: () => {},
  });
  const sampler = new RateSampler({
    clock,
    sessions,
    paths: {
      list: () => {
        listings++;
        return path ? [path] : [];
      },
      find: () => path,
      takes: () => true,
      streamOf: () => undefined,
      revoke: () => 0,
    },
  });
  /** Lets seconds pass, with so much in each. */
  const pass = (seconds: number, bytes: number, frames = 25) => {
    for (let i = 0; i < seconds; i++) {
      counted.bytes += bytes;
      counted.frames += frames;
      clock.advance(1_000);
    }
  };
  return {
    clock,
    counted,
    sampler,
    registration,
    pass,
    open,
    close: () => path = undefined,
    listings: () => listings,
  };
}

for (const state of ["publish", "read"] as const) {
  Deno.test(`RateSampler tells what flows for a session that does ${state}`, () => {
    const { sampler, pass } = opened(state);
    pass(4, 1_000);
    // The first answer is the mean since it began.
    const mean = { bitrateBps: 8_000, bitrateBps10s: 8_000 };
    assertEquals(sampler.ofSession("s"), mean);
    assertEquals(sampler.ofPath("cam"), { ...mean, framesPerSecond: 25 });
    pass(1, 6_000, 30);
    assertEquals(sampler.ofSession("s"), {
      bitrateBps: 48_000,
      bitrateBps10s: 16_000,
    });
    pass(10, 2_000, 30);
    const steady = { bitrateBps: 16_000, bitrateBps10s: 16_000 };
    assertEquals(sampler.ofSession("s"), steady);
    assertEquals(sampler.ofPath("cam"), { ...steady, framesPerSecond: 30 });
    pass(1, 0, 0);
    assertEquals(sampler.ofPath("cam"), {
      bitrateBps: 0,
      bitrateBps10s: 14_400,
      framesPerSecond: 27,
    });
    sampler[Symbol.dispose]();
  });
}

Deno.test("RateSampler forgets the time before it was asked as soon as it can", () => {
  const { sampler, pass } = opened();
  pass(3_600, 1_000);
  assertEquals(sampler.ofSession("s").bitrateBps10s, 8_000);
  pass(2, 5_000);
  assertEquals(sampler.ofSession("s"), {
    bitrateBps: 40_000,
    bitrateBps10s: 40_000,
  });
  sampler[Symbol.dispose]();
});

Deno.test("RateSampler measures only while somebody asks", () => {
  const { sampler, pass, listings, clock } = opened();
  pass(10, 1_000);
  assertEquals([listings(), clock.pendingTimers], [0, 0]);
  sampler.ofPath("cam");
  pass(59, 1_000);
  assertEquals(listings(), 60);
  sampler.ofPath("cam");
  pass(100, 1_000);
  assertEquals([listings(), clock.pendingTimers], [120, 0]);
  assertEquals(sampler.ofPath("cam").bitrateBps, 8_000);
  assert(clock.pendingTimers > 0);
  sampler[Symbol.dispose]();
  assertEquals(clock.pendingTimers, 0);
  assertEquals(sampler.ofPath("cam"), { ...ZERO, framesPerSecond: 0 });
  assertEquals(clock.pendingTimers, 0);
});

Deno.test("RateSampler begins anew with what begins anew, and forgets what is gone", () => {
  const { sampler, pass, open, close, counted, registration } = opened();
  pass(5, 1_000);
  sampler.ofPath("cam");
  pass(1, 1_000);
  close();
  registration[Symbol.dispose]();
  pass(1, 1_000);
  assertEquals(sampler.ofPath("cam"), { ...ZERO, framesPerSecond: 0 });
  assertEquals(sampler.ofSession("s"), ZERO);
  counted.bytes = 0;
  counted.frames = 0;
  open();
  pass(1, 3_000);
  assertEquals(sampler.ofPath("cam").bitrateBps, 24_000);
  counted.bytes = 0;
  pass(1, 0);
  // A counter that has fallen is no negative rate.
  assertEquals(sampler.ofPath("cam").bitrateBps, 0);
  assertEquals(sampler.ofPath("none"), { ...ZERO, framesPerSecond: 0 });
  sampler[Symbol.dispose]();
});
