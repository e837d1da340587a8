/* global Hls */
// The page of the playback server: recordings by path and day, played over HLS.

const WORDS = {
  none: "Nothing has been recorded yet.",
  noneThere: "Nothing has been recorded there.",
  refused: "You may not play recordings.",
  unreachable: "The server does not answer.",
  failed: "The recordings cannot be listed.",
  choose: "Choose a recording.",
  broken: "This recording cannot be played.",
  noMedia: "This browser can play neither HLS nor Media Source streams.",
  codec: "This browser cannot play the codecs of this recording.",
};

const video = document.getElementById("video");
const message = document.getElementById("message");
const paths = document.getElementById("path");
const days = document.getElementById("day");
const list = document.getElementById("recordings");

/** What the address of the page has behind its question mark goes along everywhere: a token, perhaps. */
const pageQuery = new URLSearchParams(location.search);

/** Recordings of the path, by day, the latest first. */
let byDay = new Map();
let stop = () => {};
/** Counts what was chosen: answers that come late are not shown. */
let choice = 0;

function address(name, parameters) {
  const query = new URLSearchParams(pageQuery);
  for (const [key, value] of Object.entries(parameters)) query.set(key, value);
  const text = query.toString();
  return text === "" ? name : `${name}?${text}`;
}

function say(text) {
  message.textContent = text;
}

/** What an address answers; undefined, and words on the page, if it cannot be had. */
async function ask(name, parameters, ifMissing) {
  let answer;
  try {
    answer = await fetch(address(name, parameters));
  } catch {
    say(WORDS.unreachable);
    return undefined;
  }
  if (answer.ok) return await answer.json();
  if (answer.status === 404) say(ifMissing);
  else if ([401, 403, 419].includes(answer.status)) say(WORDS.refused);
  else {
    const { error } = await answer.json().catch(() => ({}));
    say(error ? `${WORDS.failed} ${error}` : WORDS.failed);
  }
  return undefined;
}

function dayOf(time) {
  const two = (number) => String(number).padStart(2, "0");
  return [
    time.getFullYear(),
    two(time.getMonth() + 1),
    two(time.getDate()),
  ].join("-");
}

/** Cuts a recording at every midnight. */
function* splitByDay({ start, duration }) {
  const end = new Date(Date.parse(start) + duration * 1_000);
  let from = new Date(start);
  while (from < end) {
    const midnight = new Date(
      from.getFullYear(),
      from.getMonth(),
      from.getDate() + 1,
    );
    const to = midnight < end ? midnight : end;
    yield { from, to };
    from = to;
  }
}

function option(value) {
  const element = document.createElement("option");
  element.value = value;
  element.textContent = value;
  return element;
}

async function showPaths() {
  const names = await ask("paths", {}, WORDS.none);
  if (names === undefined) return;
  paths.replaceChildren(...names.map(option));
  if (names.length === 0) say(WORDS.none);
  else await showDays();
}

async function showDays() {
  const mine = ++choice;
  const recordings = await ask("list", { path: paths.value }, WORDS.noneThere);
  if (mine !== choice) return;
  byDay = new Map();
  for (const recording of recordings ?? []) {
    for (const piece of splitByDay(recording)) {
      const day = dayOf(piece.from);
      byDay.set(day, [...byDay.get(day) ?? [], piece]);
    }
  }
  days.replaceChildren(...[...byDay.keys()].sort().reverse().map(option));
  if (byDay.size > 0) say(WORDS.choose);
  showRecordings();
}

function showRecordings() {
  list.replaceChildren(...(byDay.get(days.value) ?? []).map(row));
}

function row({ from, to }) {
  const seconds = (to - from) / 1_000;
  const play = document.createElement("button");
  play.textContent =
    `${from.toLocaleTimeString()} – ${to.toLocaleTimeString()}`;
  play.addEventListener("click", () => {
    for (const other of list.querySelectorAll("button")) {
      other.removeAttribute("aria-current");
    }
    play.setAttribute("aria-current", "true");
    show(from, to);
  });
  const save = document.createElement("a");
  save.textContent = "Save";
  save.download = `${
    paths.value.replaceAll("/", "_")
  }_${from.toISOString()}.mp4`;
  save.href = address("get", {
    path: paths.value,
    start: from.toISOString(),
    duration: seconds,
  });
  const item = document.createElement("li");
  item.append(play, save);
  return item;
}

function show(from, to) {
  stop();
  say(`${paths.value}, ${from.toLocaleString()}`);
  const name = `hls/${paths.value}/index.m3u8`;
  const range = { start: from.toISOString(), end: to.toISOString() };
  const playlist = address(name, range);
  if (globalThis.Hls?.isSupported()) playWithLibrary(playlist);
  else if (video.canPlayType("application/vnd.apple.mpegurl") !== "") {
    playNatively(playlist);
  } else say(WORDS.noMedia);
}

function playWithLibrary(playlist) {
  const hls = new Hls();
  stop = () => hls.destroy();
  let recoveries = 0;
  hls.on(Hls.Events.MANIFEST_PARSED, () => video.play().catch(() => {}));
  hls.on(Hls.Events.ERROR, (_, data) => {
    if (!data.fatal) return;
    if (data.type === Hls.ErrorTypes.MEDIA_ERROR && recoveries++ < 2) {
      hls.recoverMediaError();
      return;
    }
    stop();
    say(/codec/i.test(data.details) ? WORDS.codec : WORDS.broken);
  });
  hls.loadSource(playlist);
  hls.attachMedia(video);
}

function playNatively(playlist) {
  const abort = new AbortController();
  const { signal } = abort;
  stop = () => {
    abort.abort();
    video.removeAttribute("src");
    video.load();
  };
  video.addEventListener("error", () => say(WORDS.broken), { signal });
  video.src = playlist;
  video.play().catch(() => {}); // a click on the controls starts it, too
}

paths.addEventListener("change", showDays);
days.addEventListener("change", showRecordings);
addEventListener("pagehide", () => stop());
await showPaths();
