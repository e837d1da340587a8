/** Header fields of one message: names without regard to case, several values each, order kept. */
export class RtspHeaders {
  /** By name in lower case. */
  readonly #fields = new Map<string, { name: string; values: string[] }>();

  /** Starts with one value for each key of `initial`. */
  constructor(initial: Readonly<Record<string, string>> = {}) {
    for (const name of Object.keys(initial)) this.append(name, initial[name]!);
  }

  /** First value of a field; undefined if it is not there. */
  get(name: string): string | undefined {
    return this.#fields.get(name.toLowerCase())?.values[0];
  }

  /** All values of a field, in order; empty if it is not there. */
  getAll(name: string): readonly string[] {
    return this.#fields.get(name.toLowerCase())?.values ?? [];
  }

  /** Whether the field is there. */
  has(name: string): boolean {
    return this.#fields.has(name.toLowerCase());
  }

  /** Makes `value` the only value of a field. */
  set(name: string, value: string): this {
    this.#fields.set(name.toLowerCase(), { name, values: [value] });
    return this;
  }

  /** Adds a value behind those that are there. */
  append(name: string, value: string): this {
    const field = this.#fields.get(name.toLowerCase());
    if (!field) return this.set(name, value);
    field.values.push(value);
    return this;
  }

  /** Removes all values of a field. */
  delete(name: string): void {
    this.#fields.delete(name.toLowerCase());
  }

  /** Every value with its field's name as it was first spelled. */
  *[Symbol.iterator](): Generator<[name: string, value: string]> {
    for (const { name, values } of this.#fields.values()) {
      for (const value of values) yield [name, value];
    }
  }
}
