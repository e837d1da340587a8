/* global Hls */
// The page of one stream: plays it over HLS, or with `?mode=mse` over a WebSocket, and says what is wrong when it cannot.

const RETRY_MS = 2_000;

/** What the server refuses now it refuses for longer. */
const SLOW_RETRY_MS = 10_000;

/** A stream that stands still for so long counts as ended, whatever its server says. */
const STALL_MS = 4_000;

/** Behind the newest picture by more than this, a low latency viewer jumps ahead, or catches up. */
const MAX_LAG_S = 1;
const CATCH_UP_LAG_S = 0.3;
const CATCH_UP_RATE = 1.05;
/** How much of the past is kept, and of what comes while a viewer pauses. */
const KEPT_S = 10;
const KEPT_AHEAD_S = 30;

const WORDS = {
  missing: "The stream is not there yet. It starts here as soon as it is.",
  ended: "The stream has ended. It goes on here when it is back.",
  stalled:
    "The stream stands still or has ended. It goes on here when it is back.",
  refused: "You may not watch this stream.",
  unreachable: "The server does not answer. Trying again…",
  broken: "The stream cannot be played just now. Trying again…",
  unserved:
    "The server cannot serve this stream to browsers, for its codecs most likely: its log says more. Trying again…",
  noMedia: "This browser can play neither HLS nor Media Source streams.",
};

const CODEC_NAMES = [
  [/^hvc1|^hev1/, "H.265 video"],
  [/^avc[13]/, "H.264 video"],
  [/^av01/, "AV1 video"],
  [/^vp09/, "VP9 video"],
  [/^mp4a\.40/, "AAC audio"],
  [/^mp4a\.6[9B]/i, "MP3 audio"],
  [/^ac-3/, "AC-3 audio"],
  [/^opus/i, "Opus audio"],
  [/^flac/i, "FLAC audio"],
];

const video = document.getElementById("video");
const message = document.getElementById("message");
const query = new URLSearchParams(location.search);
const pathName = decodeURIComponent(location.pathname).replace(/^\/|\/$/g, "");
const Source = globalThis.ManagedMediaSource ?? globalThis.MediaSource;

let hasPlayed = false;
let stop = () => {};
let retry;

function flag(name, ifNone) {
  const value = query.get(name)?.toLowerCase();
  if (["1", "yes", "true"].includes(value)) return true;
  if (["0", "no", "false"].includes(value)) return false;
  return ifNone;
}

function say(text) {
  message.textContent = text;
  message.hidden = text === "";
}

/** Ends what plays, and tries again; not if that is infinitely far away. */
function fail(text, retryMs = RETRY_MS) {
  stop();
  stop = () => {};
  say(text);
  clearTimeout(retry);
  if (retryMs !== Infinity) retry = setTimeout(start, retryMs);
}

/** Says why `url` was answered so. */
function failWithStatus(status, url = playlist) {
  if (status === 404) fail(hasPlayed ? WORDS.ended : WORDS.missing);
  else if (status === 401 || status === 403 || status === 419) {
    fail(WORDS.refused, Infinity);
  } else if (status === 400) failWithReason(url);
  else if (status === 500) fail(WORDS.unserved, SLOW_RETRY_MS);
  else fail(status === 0 ? WORDS.unreachable : WORDS.broken);
}

/** Says what the server says: the address asks for what it does not have. */
async function failWithReason(url) {
  const answer = await fetch(url).then((response) => response.json())
    .catch(() => ({}));
  fail(answer.error ?? WORDS.broken, Infinity);
}

function canPlay(codec) {
  const type = `video/mp4; codecs="${codec}"`;
  return Source ? Source.isTypeSupported(type) : video.canPlayType(type) !== "";
}

/** What of a list of codecs this browser cannot play; empty if it can play all. */
function unplayable(codecs) {
  const lacking = codecs.filter((codec) => !canPlay(codec));
  return lacking.map((codec) =>
    CODEC_NAMES.find(([pattern]) => pattern.test(codec))?.[1] ?? codec
  ).join(" and ");
}

function codecsOf(text) {
  return /CODECS="([^"]*)"/i.exec(text)?.[1]?.split(",") ?? [];
}

function failWithCodecs(codecs) {
  const lacking = unplayable(codecs);
  if (lacking === "") fail(WORDS.broken);
  else fail(`This browser cannot play ${lacking}.`, Infinity);
}

/** Looks at the playlist for why it is not played; `signal` ends the wish to know. */
async function failWithPlaylist(signal) {
  let answer = { status: 0, text: () => "" };
  try {
    answer = await fetch(playlist, { signal });
  } catch {
    // nobody answers
  }
  const text = await answer.text();
  if (signal.aborted) return;
  if (answer.status === 200) failWithCodecs(codecsOf(text));
  else failWithStatus(answer.status);
}

/** Status of an address, without reading what is there; 0 if nobody answers. */
async function statusOf(url) {
  const abort = new AbortController();
  try {
    const { status } = await fetch(url, { signal: abort.signal });
    return status;
  } catch {
    return 0; // nobody answers
  } finally {
    abort.abort();
  }
}

function play() {
  // A browser may want a click first: the controls are there for that.
  if (video.autoplay) video.play().catch(() => {});
}

const playlist = `index.m3u8${location.search}`;

function startHls() {
  const hls = new Hls({ maxLiveSyncPlaybackRate: 1.2 });
  const abort = new AbortController();
  stop = () => {
    abort.abort();
    hls.destroy();
  };
  let recoveries = 0;
  hls.on(Hls.Events.MANIFEST_PARSED, play);
  hls.on(Hls.Events.LEVEL_UPDATED, (_, { details }) => {
    if (!details.live) video.addEventListener("ended", end, { once: true });
  });
  const end = () => fail(WORDS.ended);
  hls.on(Hls.Events.ERROR, (_, data) => {
    if (!data.fatal) return;
    if (/codec/i.test(data.details)) {
      hls.destroy();
      failWithPlaylist(abort.signal);
    } else if (data.type === Hls.ErrorTypes.MEDIA_ERROR && recoveries++ < 2) {
      hls.recoverMediaError();
    } else if (data.type === Hls.ErrorTypes.NETWORK_ERROR) {
      failWithStatus(data.response?.code ?? 0);
    } else fail(WORDS.broken);
  });
  hls.loadSource(playlist);
  hls.attachMedia(video);
}

function startNative() {
  const abort = new AbortController();
  const { signal } = abort;
  stop = () => {
    abort.abort();
    video.removeAttribute("src");
    video.load();
  };
  video.addEventListener("ended", () => fail(WORDS.ended), { signal });
  video.addEventListener("error", () => failWithPlaylist(signal), { signal });
  video.src = playlist;
  play();
}

function startMse() {
  const address = `/${pathName.split("/").map(encodeURIComponent).join("/")}` +
    `.mp4${location.search}`;
  const socket = new WebSocket(
    address.replace(/^/, location.origin.replace(/^http/, "ws")),
  );
  socket.binaryType = "arraybuffer";
  const source = new Source();
  const opened = new Promise((resolve) =>
    source.addEventListener("sourceopen", resolve, { once: true })
  );
  const url = URL.createObjectURL(source);
  video.disableRemotePlayback = true;
  video.src = url;
  let buffer;
  let isStopped = false;
  let isNew = true;
  const waiting = [];
  stop = () => {
    isStopped = true;
    socket.close();
    URL.revokeObjectURL(url);
  };

  const append = () => {
    if (isStopped || !buffer || buffer.updating) return;
    follow(MAX_LAG_S);
    if (isNew && video.buffered.length > 0 && waiting.length === 0) {
      // All since the last key frame has come at once.
      isNew = false;
      follow(CATCH_UP_LAG_S);
    }
    const { oldest, newest } = bufferedSpan();
    const keptFrom = Math.max(video.currentTime, newest - KEPT_AHEAD_S) -
      KEPT_S;
    if (oldest < keptFrom - KEPT_S) buffer.remove(oldest, keptFrom);
    else if (waiting.length > 0) {
      const next = waiting.shift();
      if (typeof next === "string") {
        buffer.changeType(next);
        append();
      } else buffer.appendBuffer(next);
    }
  };

  const take = async (mimeType) => {
    const codecs = codecsOf(mimeType);
    if (unplayable(codecs) !== "") return failWithCodecs(codecs);
    await opened;
    if (isStopped) return;
    if (buffer) waiting.push(mimeType);
    else {
      buffer = source.addSourceBuffer(mimeType);
      buffer.addEventListener("updateend", append);
      buffer.addEventListener("error", () => fail(WORDS.broken));
    }
    append();
    play();
  };

  socket.addEventListener("message", ({ data }) => {
    if (typeof data !== "string") {
      waiting.push(data);
      append();
      return;
    }
    const { type, value } = JSON.parse(data);
    if (type === "mse") take(value);
  });
  socket.addEventListener("close", async () => {
    if (isStopped) return;
    const status = await statusOf(address);
    if (isStopped) return;
    if (status === 200) fail(WORDS.broken);
    else failWithStatus(status, address);
  });
}

function bufferedSpan() {
  const { buffered } = video;
  const { length } = buffered;
  if (length === 0) return { oldest: 0, latest: 0, newest: 0 };
  return {
    oldest: buffered.start(0),
    // Behind the last gap.
    latest: buffered.start(length - 1),
    newest: buffered.end(length - 1),
  };
}

/** Keeps a low latency viewer near the newest picture: jumps if it is further behind than this. */
function follow(maxLagS) {
  const { latest, newest } = bufferedSpan();
  const lag = newest - video.currentTime;
  const isBehindGap = video.currentTime < latest;
  if (isBehindGap || lag > maxLagS && !video.paused) {
    video.currentTime = Math.max(latest, newest - CATCH_UP_LAG_S);
  }
  video.playbackRate = lag > CATCH_UP_LAG_S ? CATCH_UP_RATE : 1;
}

function start() {
  if (query.get("mode") === "mse" && Source) startMse();
  else if (globalThis.Hls?.isSupported()) startHls();
  else if (video.canPlayType("application/vnd.apple.mpegurl")) startNative();
  else say(WORDS.noMedia);
}

/** A stream may come back behind the same playlist: the library waits for it, and the page says so. */
function watchStalls() {
  let lastTime = 0;
  let movedAt = performance.now();
  setInterval(() => {
    const now = performance.now();
    if (video.currentTime !== lastTime || video.paused || !hasPlayed) {
      lastTime = video.currentTime;
      movedAt = now;
    } else if (now - movedAt > STALL_MS && message.hidden) say(WORDS.stalled);
  }, STALL_MS / 8);
}

document.title = pathName;
video.controls = flag("controls", true);
video.muted = flag("muted", true);
video.autoplay = flag("autoplay", true);
video.playsInline = flag("playsinline", true);
video.disablePictureInPicture = flag("disablepictureinpicture", false);
video.addEventListener("playing", () => {
  hasPlayed = true;
  say("");
});
watchStalls();
start();
