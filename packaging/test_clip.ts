/**
 * Makes the clip that `source: test` plays, with ffmpeg: pictures with a running clock, and a beep every 1.2 s.
 *
 * Pictures and sound both last 9.6 s, which is a whole number of pictures (240 at 25 a second) and of AAC frames (450 of
 * 1,024 samples at 48 kHz), so that the clip can follow itself without a gap. Each frame of sound builds on the one before:
 * what is kept is the middle of three rounds, whose first frame fits its last. Pictures are not reordered, for players that
 * cannot do that (WebRTC).
 *
 * Usage: `deno run --allow-read --allow-write --allow-run=ffmpeg packaging/test_clip.ts`, with an ffmpeg that has libx264,
 * libfreetype and the font DejaVu Sans Mono.
 */

const OUTPUT = "src/sources/file/test_clip.mp4";

const SECONDS = 9.6;
const PICTURES = 240;
const SOUND_FRAMES = 450;

const VIDEO_SIZE = "640x360";

/** It stays in the executable and goes over the wire again and again. */
const MAX_BYTES = 300_000;

/** A dot that goes round, another one that lights up with each beep, and the time within the clip. */
const PICTURE_FILTERS = [
  "drawbox=x=0:y=300:w=640:h=4:color=0x2f6f8f:t=fill",
  "drawtext=font='DejaVu Sans Mono':text='weir':fontsize=56:fontcolor=0xe8f1f2:x=40:y=36",
  "drawtext=font='DejaVu Sans Mono':text='test clip':fontsize=22:fontcolor=0x8fb8c9:x=42:y=104",
  "drawtext=font='DejaVu Sans Mono':text='%{eif\\:floor(t)\\:d\\:2}.%{eif\\:floor(mod(t*100+0.001\\,100))\\:d\\:2}'" +
  ":fontsize=88:fontcolor=0xffffff:x=200:y=170",
  // Runs once along the line while the clip lasts.
  `drawtext=font='DejaVu Sans Mono':text='●':fontsize=36:fontcolor=0xf2c14e:x=-20+640*t/${SECONDS}:y=283`,
  // Seen as long as it is heard.
  "drawtext=font='DejaVu Sans Mono':text='●':fontsize=64:fontcolor=0xf78154:x=560:y=30:enable='lt(mod(t+0.001\\,1.2)\\,0.16)'",
  "format=yuv420p",
];

const SOUND = "aevalsrc=0.3*sin(2*PI*880*t)*lt(mod(t\\,1.2)\\,0.16)" +
  "*min(1\\,min(mod(t\\,1.2)\\,0.16-mod(t\\,1.2))*200)" +
  `+0.02*sin(2*PI*220*t):s=48000:d=${3 * SECONDS + 1}`;

async function main(): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const video = `${folder}/video.h264`;
    const sound = `${folder}/rounds.aac`;
    const round = `${folder}/round.aac`;
    await ffmpeg([
      ..."-f lavfi -i".split(" "),
      `color=c=0x12263a:s=${VIDEO_SIZE}:r=25:d=${SECONDS}`,
      ...["-vf", PICTURE_FILTERS.join(","), "-frames:v", `${PICTURES}`],
      ..."-c:v libx264 -preset veryslow -profile:v baseline -crf 20".split(" "),
      ..."-x264-params keyint=48:min-keyint=48:scenecut=0:threads=1".split(" "),
      ..."-bsf:v filter_units=remove_types=6".split(" "),
      video,
    ]);
    await ffmpeg([
      ...["-f", "lavfi", "-i", SOUND],
      ..."-c:a aac -b:a 64k -ac 1".split(" "),
      sound,
    ]);
    await Deno.writeFile(round, middleRound(await Deno.readFile(sound)));
    await ffmpeg([
      ...["-r", "25", "-i", video, "-i", round],
      ..."-c copy -fflags +bitexact -movflags +faststart".split(" "),
      ..."-map_metadata -1 -video_track_timescale 90000".split(" "),
      OUTPUT,
    ]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  const { size } = await Deno.stat(OUTPUT);
  if (size > MAX_BYTES) throw new Error(`${OUTPUT} is too large: ${size}`);
}

/** The frame at the start of the second round, and those up to the third; the encoder is one frame behind. */
function middleRound(adts: Uint8Array): Uint8Array<ArrayBuffer> {
  const starts = [0];
  for (let at = 0; at < adts.length; starts.push(at)) {
    at += (adts[at + 3]! & 0b11) << 11 | adts[at + 4]! << 3 |
      adts[at + 5]! >> 5;
  }
  const first = SOUND_FRAMES + 1;
  return adts.slice(starts[first], starts[first + SOUND_FRAMES]);
}

async function ffmpeg(args: string[]): Promise<void> {
  const { success } = await new Deno.Command("ffmpeg", {
    args: ["-nostdin", "-hide_banner", "-loglevel", "error", "-y", ...args],
    stdout: "inherit",
    stderr: "inherit",
  }).output();
  if (!success) throw new Error("Cannot make the clip: ffmpeg failed");
}

await main();
