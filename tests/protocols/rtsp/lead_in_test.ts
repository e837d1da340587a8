import { LeadIn } from "#protocols/rtsp/lead_in.ts";
import { assertEquals } from "#test/assert.ts";
import { FakeClock } from "#test/fake_clock.ts";
import {
  AUDIO,
  AUDIO_FRAME_TICKS,
  audioUnit,
  VIDEO,
  VIDEO_FRAME_TICKS,
  videoUnit,
} from "#test/units.ts";

const KEY = { isRandomAccess: true };

function openLeadIn(tracks = [VIDEO, AUDIO]) {
  const clock = new FakeClock();
  let order = "";
  const leadIn = new LeadIn({
    tracks,
    publish: ({ id }) => order += id === VIDEO.id ? "v" : "a",
    flush: () => {},
  }, clock);
  return { leadIn, clock, order: () => order };
}

Deno.test("LeadIn puts sound that came first behind the first picture", () => {
  const { leadIn, order, clock } = openLeadIn();
  for (let i = 0; i < 3; i++) {
    leadIn.publish(AUDIO, audioUnit(i * AUDIO_FRAME_TICKS));
  }
  assertEquals(order(), "");
  leadIn.publish(VIDEO, videoUnit(0, KEY));
  leadIn.publish(VIDEO, videoUnit(VIDEO_FRAME_TICKS));
  leadIn.publish(AUDIO, audioUnit(3 * AUDIO_FRAME_TICKS));
  assertEquals(order(), "vaaava");
  assertEquals(clock.pendingTimers, 0);
});

Deno.test("LeadIn leaves out sound that is older than the first picture of a stream in its middle", () => {
  const { leadIn, order } = openLeadIn();
  for (let i = 0; i < 94; i++) {
    leadIn.publish(AUDIO, audioUnit(i * AUDIO_FRAME_TICKS));
  }
  leadIn.publish(VIDEO, videoUnit(2 * 90_000, KEY));
  assertEquals(order(), "v" + "a".repeat(11));
});

Deno.test("LeadIn waits 3 s at most, and not for pictures that nobody announced", () => {
  const late = openLeadIn();
  late.leadIn.publish(AUDIO, audioUnit(0));
  late.clock.advance(2_999);
  assertEquals(late.order(), "");
  late.clock.advance(1);
  assertEquals(late.order(), "a");
  const audioOnly = openLeadIn([AUDIO]);
  audioOnly.leadIn.publish(AUDIO, audioUnit(0));
  assertEquals(audioOnly.order(), "a");
  assertEquals(audioOnly.clock.pendingTimers, 0);
});

Deno.test("LeadIn passes everything on at its end, and when too much waits", () => {
  const ended = openLeadIn();
  ended.leadIn.publish(AUDIO, audioUnit(0));
  ended.leadIn[Symbol.dispose]();
  assertEquals(ended.order(), "a");
  assertEquals(ended.clock.pendingTimers, 0);
  const flooded = openLeadIn();
  for (let i = 0; i < 1_025; i++) {
    flooded.leadIn.publish(AUDIO, audioUnit(i * AUDIO_FRAME_TICKS));
  }
  assertEquals(flooded.order().length, 1_025);
});
