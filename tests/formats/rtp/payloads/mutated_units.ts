import { mutations } from "#test/splits.ts";

/** Seeded mutations of units, payloads in hex, that also move the borders between payloads. */
export function* mutatedUnits(
  units: readonly (readonly string[])[],
): Generator<Uint8Array[]> {
  const seeds = units.map((payloads) =>
    Uint8Array.fromHex(payloads.map(withLength).join(""))
  );
  for (const bytes of mutations(seeds)) {
    const payloads: Uint8Array[] = [];
    for (let at = 0; at < bytes.length;) {
      const end = at + 1 + bytes[at]!;
      payloads.push(bytes.subarray(at + 1, end));
      at = end;
    }
    yield payloads;
  }
}

function withLength(payload: string): string {
  return (payload.length / 2).toString(16).padStart(2, "0") + payload;
}
