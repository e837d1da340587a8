import type { Track } from "#core/track.ts";
import { RtmpIngest } from "#protocols/rtmp/ingest.ts";
import {
  RTMP_MESSAGE_TYPE,
  type RtmpMessage,
} from "#protocols/rtmp/wire/messages.ts";
import { parseRtmpMetadata } from "#protocols/rtmp/wire/metadata.ts";
import {
  CollectingSink,
  noLimits,
  type TestStream,
  testStream,
} from "#test/units.ts";

/** An ingest, and what came of it. */
export interface IngestTest extends TestStream {
  readonly ingest: RtmpIngest;
  readonly sink: CollectingSink;
  /** Tracks that the path was given. */
  readonly attached: readonly (readonly Track[])[];
  readonly refused: readonly unknown[];
  /** What was left out. */
  readonly skipped: readonly string[];
  /** Sends messages, each with a read of its own. */
  send(...messages: readonly RtmpMessage[]): void;
  /** Kinds of the tracks that it was ready with. */
  readyWith(): string | undefined;
}

/** Opens an ingest whose path takes the publisher, unless it has a reason not to. */
export function openIngest(refusal?: Error): IngestTest {
  const { stream, clock, warnings } = testStream();
  const sink = new CollectingSink();
  const attached: (readonly Track[])[] = [];
  const refused: unknown[] = [];
  const skipped: string[] = [];
  const ingest = new RtmpIngest({
    clock,
    attach(tracks) {
      if (refusal) throw refusal;
      attached.push(tracks);
      const publication = stream.attach(tracks);
      stream.subscribe(sink, noLimits()).resume();
      return publication;
    },
    onRefused: (error) => refused.push(error),
    onSkipped: (kind, codecId, trackId) =>
      skipped.push(`${kind} ${trackId}: ${codecId}`),
  });
  const send = (...messages: readonly RtmpMessage[]) => {
    for (const message of messages) {
      if (message.typeId === RTMP_MESSAGE_TYPE.dataAmf0) {
        ingest.handleMetadata(parseRtmpMetadata(message)!);
      } else ingest.handleMedia(message);
      ingest.flush();
    }
  };
  const readyWith = () => attached[0]?.map(({ kind }) => kind).join(" ");
  return {
    ingest,
    sink,
    clock,
    stream,
    warnings,
    attached,
    refused,
    skipped,
    send,
    readyWith,
  };
}

/** Kind and decoding time of each unit, milliseconds behind the start of the stream. */
export function placed({ sink, clock }: IngestTest): string[] {
  clock.advance(15);
  return sink.batches.flatMap((batch) =>
    batch.units.map((unit) => {
      const track = batch.tracks.find(({ id }) => id === unit.trackId)!;
      const ms = unit.dtsTicks * 1_000 / track.clockRateHz - 1_000;
      return `${track.kind[0]}${Math.round(ms)}`;
    })
  );
}
