/** Longest origin that is looked at: a host name has 253 characters. */
const MAX_ORIGIN_CHARS = 300;

const DEFAULT_PORTS: ReadonlyMap<string, string> = new Map([
  ["http:", "80"],
  ["https:", "443"],
]);

/** The origins that browsers may call from. Spec: keys `…AllowOrigins` of MediaMTX. */
export class AllowedOrigins {
  /** Any origin is allowed. */
  readonly allowsAny: boolean;
  #exact = new Set<string>();
  #hostPatterns: RegExp[] = [];
  #hostnames = new Set<string>();

  /** Input: entries as the configuration has them: `*`, origins, and origins with `*` in their host. */
  constructor(entries: readonly string[]) {
    this.allowsAny = entries.includes("*");
    for (const entry of entries) {
      if (entry === "*") continue;
      if (entry.includes("*")) this.#hostPatterns.push(patternOf(entry));
      else this.#addExact(entry);
    }
  }

  /** Value of `Access-Control-Allow-Origin`; undefined for none. */
  headerFor(origin: string | undefined): string | undefined {
    if (origin !== undefined) {
      if (parseOrigin(origin) === undefined) return undefined;
      if (this.names(origin)) return origin;
    }
    return this.allowsAny ? "*" : undefined;
  }

  /** Whether an entry other than `*` allows this origin. */
  names(origin: string): boolean {
    const url = parseOrigin(origin);
    if (!url) return false;
    return this.#exact.has(normalOrigin(url)) ||
      this.#hostPatterns.some((pattern) =>
        pattern.test(url.host) || pattern.test(url.hostname)
      );
  }

  /** Whether an entry other than `*` has this host, whatever its scheme and port. */
  namesHost(hostname: string): boolean {
    return this.#hostnames.has(hostname) ||
      this.#hostPatterns.some((pattern) => pattern.test(hostname));
  }

  #addExact(entry: string): void {
    const url = parseOrigin(entry);
    if (!url) return;
    this.#exact.add(normalOrigin(url));
    this.#hostnames.add(url.hostname);
  }
}

/** The parts of an origin; undefined if it is none. */
export function parseOrigin(text: string): URL | undefined {
  if (text.length > MAX_ORIGIN_CHARS) return undefined;
  const url = URL.parse(text);
  return url && url.host !== "" ? url : undefined;
}

function normalOrigin({ protocol, hostname, port }: URL): string {
  return `${protocol}//${hostname}:${
    port === "" ? DEFAULT_PORTS.get(protocol) ?? "" : port
  }`;
}

/** `*.` takes any number of names or none, another `*` any text; the scheme does not count. */
function patternOf(entry: string): RegExp {
  const host = entry.toLowerCase().replace(/^[^/]*:\/\//, "").replace(
    /\/$/,
    "",
  );
  const source = host.split(/(\*\.|\*)/).map((part) =>
    part === "*." ? "(?:.*\\.)?" : part === "*" ? ".*" : RegExp.escape(part)
  );
  return new RegExp(`^${source.join("")}$`);
}
