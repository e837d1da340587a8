/** A copy of all environment variables; empty without the right to read them. */
export function environment(): Record<string, string> {
  try {
    return Deno.env.toObject();
  } catch {
    return {}; // without the right there is nothing to override with
  }
}
