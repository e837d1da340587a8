import { ParseError } from "#base/errors.ts";
import type { CodecName, ParametersOf } from "#codecs/codec.ts";
import type {
  RtpFormatDescription,
  RtpPayloadFormat,
} from "#formats/rtp/payload_format.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";
import { mutations } from "#test/splits.ts";

/** A description and what it means. */
export interface DescriptionCase<C extends CodecName> {
  readonly name: string;
  readonly description: RtpFormatDescription;
  readonly parameters: ParametersOf<C>;
}

/** Registers a test for each case: the format reads the description and writes the same. */
export function testDescriptions<C extends CodecName>(
  format: RtpPayloadFormat<C>,
  cases: readonly DescriptionCase<C>[],
): void {
  for (const { name, description, parameters } of cases) {
    Deno.test(`${format.formatId}: parseDescription() and describe() agree on ${name}`, () => {
      assertEquals(format.parseDescription(description), parameters);
      assertEquals(format.describe(parameters), description);
    });
  }
}

/** Checks that a description is rejected for one of its fields. */
export function assertWrong<C extends CodecName>(
  format: RtpPayloadFormat<C>,
  description: RtpFormatDescription,
  field: string,
): void {
  const error = assertThrows(
    () => format.parseDescription(description),
    ParseError,
  );
  assertEquals(error.field, field);
}

/** Payloads of a unit, in hexadecimal, with their place in time. */
export function packetsOf<C extends CodecName>(
  format: RtpPayloadFormat<C>,
  parameters: ParametersOf<C>,
  { parts, maxPayloadBytes }: {
    readonly parts: readonly string[];
    readonly maxPayloadBytes: number;
  },
): (readonly [hex: string, offsetTicks: number])[] {
  return format.openPacketizer(parameters, maxPayloadBytes)
    .packetize(parts.map((hex) => Uint8Array.fromHex(hex)), true)
    .map(({ bytes, marker, offsetTicks }) => {
      assertEquals(marker, false);
      return [bytes.toHex(), offsetTicks] as const;
    });
}

/** Registers a test: whatever comes, `inspect` finds a place to start and `extract` throws only its own error. */
export function testBadPayloads<C extends CodecName>(
  format: RtpPayloadFormat<C>,
  parameters: ParametersOf<C>,
  seeds: readonly Uint8Array[],
): void {
  Deno.test(`${format.formatId}: extract() throws only ParseError on 10,000 mutations, inspect() never`, () => {
    const depacketizer = format.openDepacketizer(parameters);
    for (const payload of mutations(seeds)) {
      assertEquals(depacketizer.inspect([payload]), {
        isRandomAccess: true,
        parameters: undefined,
      });
      try {
        depacketizer.extract([payload]);
      } catch (error) {
        if (!(error instanceof ParseError)) throw error;
      }
    }
  });
}
