import {
  ALL_FORMATS,
  BufferSource,
  EncodedPacketSink,
  Input,
  type InputTrack,
} from "mediabunny";
import { joinBytes } from "#base/join_bytes.ts";
import { codecString } from "#codecs/codec_string.ts";
import type { CodecName } from "#codecs/codec.ts";
import { samplesOfUnit } from "#formats/fmp4/unit_samples.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { clip, type ClipName } from "#test/clips.ts";
import { interopTest } from "#test/programs.ts";
import {
  type ContainerMedia,
  fragmentedFile,
  mediaOfMp4,
  mediaOfTs,
  progressiveFile,
  transportStream,
} from "./container_media.ts";

/** One tick of the coarsest clock, and the rounding of an edit list. */
const TOLERANCE_SECONDS = 0.001;

/** What mediabunny calls our codecs. */
const CODECS: { readonly [C in CodecName]?: string } = {
  h264: "avc",
  h265: "hevc",
  av1: "av1",
  vp9: "vp9",
  aac: "aac",
  opus: "opus",
  mpegAudio: "mp3",
  ac3: "ac3",
};

const CLIPS: readonly ClipName[] = [
  "bframes_aac",
  "h265_opus",
  "ts_h264_aac",
  "av1",
  "mp3",
  "ac3",
];

interface FoundTrack {
  readonly codec: string | null;
  readonly parameters: string | null;
  readonly packets: readonly {
    readonly seconds: number;
    readonly isKey: boolean;
    readonly sizeBytes: number;
  }[];
}

for (const name of CLIPS) {
  interopTest({
    name:
      `mediabunny finds the tracks and packets of ${name} in files that are written`,
    needs: ["ffmpeg"],
    fn: async (t) => {
      const path = await clip(name);
      const bytes = await Deno.readFile(path);
      const media = path.endsWith(".mpegts")
        ? mediaOfTs(bytes)
        : await mediaOfMp4(bytes);
      const forms = {
        "fragmented": fragmentedFile(media),
        "header first": progressiveFile(media),
        "header last": progressiveFile(media, { isMovieFirst: false }),
      };
      for (const [form, file] of Object.entries(forms)) {
        await t.step(form, async () => {
          checkTracks(media, await tracksOf(file));
        });
      }
      if (!["bframes_aac", "ts_h264_aac", "mp3"].includes(name)) return;
      await t.step("MPEG-TS", async () => {
        const found = await tracksOf(transportStream(media));
        assertEquals(
          found.map(({ codec }) => codec),
          media.tracks.map(({ codec }) => CODECS[codec.codec]!),
        );
        for (const [i, { id }] of media.tracks.entries()) {
          assertEquals(found[i]!.packets.length, samplesOf(media, id).length);
        }
      });
    },
  });
}

async function tracksOf(bytes: Uint8Array): Promise<FoundTrack[]> {
  using input = new Input({
    source: new BufferSource(joinBytes([bytes])),
    formats: ALL_FORMATS,
  });
  const tracks = await input.getTracks();
  return await Promise.all(tracks.map(async (track: InputTrack) => ({
    codec: track.codec,
    parameters: await track.getCodecParameterString(),
    packets: await packetsOf(track),
  })));
}

async function packetsOf(track: InputTrack): Promise<FoundTrack["packets"]> {
  const packets = [];
  for await (const packet of new EncodedPacketSink(track).packets()) {
    packets.push({
      seconds: packet.timestamp,
      isKey: packet.type === "key",
      sizeBytes: packet.byteLength,
    });
  }
  return packets;
}

function samplesOf({ steps }: ContainerMedia, trackId: number) {
  return steps.filter(({ track }) => track.id === trackId)
    .flatMap(({ unit, track }) =>
      samplesOfUnit(unit, track).map((sample) => ({ sample, track }))
    );
}

function checkTracks(
  media: ContainerMedia,
  found: readonly FoundTrack[],
): void {
  assertEquals(found.length, media.tracks.length);
  const shifts: number[] = [];
  for (const [i, { id, codec }] of media.tracks.entries()) {
    const { codec: name, parameters, packets } = found[i]!;
    assertEquals(name, CODECS[codec.codec]!);
    const samples = samplesOf(media, id);
    if (codec.codec !== "mpegAudio") {
      // It does not tell where parameter sets are, and has more to say of AV1.
      const wanted = codecString(codec)!.replace("hvc1", "hev1");
      assertEquals(parameters?.slice(0, wanted.length), wanted);
    }
    assertEquals(
      packets.map(({ sizeBytes, isKey }) => [sizeBytes, isKey]),
      samples.map(({ sample }) => [sample.bytes.length, sample.isSync]),
    );
    const secondsOf = (at: number) =>
      samples[at]!.sample.ptsTicks / samples[at]!.track.clockRateHz;
    const shift = packets[0]!.seconds - secondsOf(0);
    shifts.push(shift);
    for (const [j, { seconds }] of packets.entries()) {
      const off = Math.abs(seconds - secondsOf(j) - shift);
      assert(off < TOLERANCE_SECONDS, `packet ${j} is off by ${off} s`);
    }
  }
  const apart = Math.max(...shifts) - Math.min(...shifts);
  assert(apart < TOLERANCE_SECONDS, `tracks are ${apart} s apart`);
}
