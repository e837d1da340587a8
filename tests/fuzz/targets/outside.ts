import { checkCredential } from "#auth/config.ts";
import { parseCredential } from "#auth/credential.ts";
import { parseByteSize } from "#base/byte_size.ts";
import { ParseError } from "#base/errors.ts";
import { filePathOf } from "#base/file_url.ts";
import { parseGoDuration } from "#base/go_duration.ts";
import { normalizeIp, parseIpNetwork } from "#base/ip.ts";
import { parseListenAddress } from "#base/listen_address.ts";
import { buildConfig } from "#config/build.ts";
import { applyEnvironment } from "#config/environment.ts";
import { ConfigError } from "#config/errors.ts";
import { exampleConfig } from "#config/example.ts";
import {
  checkForward,
  checkRedirect,
  checkSource,
} from "#config/validate_source.ts";
import { parseYamlConfig } from "#config/yaml.ts";
import { PathError } from "#core/errors.ts";
import { splitCommandLine } from "#hooks/command_line.ts";
import { escapedQuery } from "#hooks/hook_variables.ts";
import { PathMatcher } from "#paths/path_matcher.ts";
import { validatePathName } from "#paths/path_name.ts";
import {
  parseProxyHeaderV1,
  parseProxyHeaderV2,
} from "#platform/proxy_protocol.ts";
import { ClipError } from "#sources/file/clip.ts";
import { parsePlaylist } from "#sources/file/clip_files.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { type FuzzTarget, takes, takesText } from "../fuzz_target.ts";
import { distinct, hexSeeds, textSeeds } from "../literal_seeds.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

const PROXY_SIGNATURE = Uint8Array.fromHex("0d0a0d0a000d0a515549540a");

const MATCHER = new PathMatcher(
  new Map(["cam", "~^(a+)+$", "~^live/(\\w+)/(.*)$", "all_others"].map((
    key,
  ) => [key, key])),
);

/** What comes from proxies, names of paths that anybody may ask for, and the texts of whoever runs the server. */
export const OUTSIDE_TARGETS: readonly FuzzTarget[] = [
  {
    name: "proxy_v1",
    seeds: () => textSeeds("platform/proxy_protocol_test.ts"),
    rejects: [ParseError],
    run: takes((bytes) => {
      const header = parseProxyHeaderV1(bytes);
      checkHeader(header, bytes);
      return header;
    }),
  },
  {
    name: "proxy_v2",
    seeds: () =>
      hexSeeds("platform/proxy_protocol_test.ts").flatMap((seed) => [
        seed,
        Uint8Array.of(...PROXY_SIGNATURE, ...seed),
      ]).concat([proxyHeader("2111000c"), proxyHeader("21210024")]),
    rejects: [ParseError],
    run: takes((bytes) => {
      const header = parseProxyHeaderV2(bytes);
      checkHeader(header, bytes);
      return header;
    }),
  },
  {
    name: "path_name",
    seeds: () =>
      textSeeds("paths/path_name_test.ts", "paths/path_matcher_test.ts"),
    rejects: [PathError],
    run: takesText((text) => {
      const { groups } = MATCHER.match(text);
      assertEquals(validatePathName(text), undefined);
      const parts = text.split("/");
      assert(!parts.includes(".."), "the name leads out of its folder");
      assert(groups.every((group) => text.includes(group)), "a group is new");
    }),
  },
  {
    name: "hook_query",
    seeds: () => textSeeds("hooks/demand_command_test.ts"),
    rejects: [],
    run: takesText((text) => {
      splitCommandLine(`run '${escapedQuery(text).replaceAll("'", "")}'`);
    }),
  },
  {
    name: "command_line",
    seeds: () => textSeeds("hooks/command_line_test.ts"),
    rejects: [SyntaxError],
    run: takesText(splitCommandLine),
  },
  {
    name: "listen_address",
    seeds: () => textSeeds("base/listen_address_test.ts"),
    rejects: [ParseError],
    run: takesText(parseListenAddress),
  },
  {
    name: "ip_network",
    seeds: () => textSeeds("base/ip_test.ts"),
    rejects: [RangeError],
    run: takesText((text) => {
      normalizeIp(text);
      const network = parseIpNetwork(text);
      assertEquals(`${parseIpNetwork(`${network}`)}`, `${network}`);
    }),
  },
  {
    name: "go_duration",
    seeds: () => textSeeds("base/go_duration_test.ts"),
    rejects: [RangeError],
    run: takesText((text) => {
      const durationMs = parseGoDuration(text);
      assert(Number.isFinite(durationMs), `${durationMs} ms`);
    }),
  },
  {
    name: "byte_size",
    seeds: () => textSeeds("base/byte_size_test.ts"),
    rejects: [RangeError],
    run: takesText((text) => {
      const sizeBytes = parseByteSize(text);
      assert(Number.isFinite(sizeBytes), `${sizeBytes} bytes`);
    }),
  },
  {
    name: "credential",
    seeds: () => textSeeds("auth/credential_test.ts"),
    rejects: [RangeError],
    run: takesText((text) => {
      checkCredential(text);
      return parseCredential(text);
    }),
  },
  {
    name: "clip_list",
    seeds: () => textSeeds("sources/file/clip_files_test.ts"),
    rejects: [ClipError],
    run: takesText((text) => {
      for (const name of parsePlaylist(text)) {
        assert(name !== "" && !/[\r\n]/.test(name), `the name ${name}`);
      }
    }),
  },
  {
    name: "file_url",
    seeds: () => textSeeds("base/file_url_test.ts"),
    rejects: [],
    run: takesText((text) => {
      const path = filePathOf(text);
      if (path === undefined) return false;
      assert(!path.split(/[/\\]/).includes(".."), `the path ${path}`);
      return true;
    }),
  },
  {
    name: "source_url",
    seeds: () => textSeeds("config/validate_path_test.ts"),
    rejects: [],
    run: takesText((text) => {
      checkRedirect(text);
      checkForward(text);
      return checkSource(text) === undefined;
    }),
  },
  {
    name: "config_yaml",
    seeds: () =>
      distinct([
        ...textSeeds("config/yaml_test.ts", "config/fuzz_test.ts"),
        encoder.encode(exampleConfig().replaceAll(/^ *#.*\n/gm, "")),
      ]),
    rejects: [ConfigError],
    cost: 200,
    passes: 8,
    run: async (bytes) => {
      const text = decoder.decode(bytes);
      const { raw, origins } = await parseYamlConfig(text, "weir.yml");
      buildConfig(raw, origins, applyEnvironment(raw, {}, origins));
      return true;
    },
  },
];

/** What a header says of itself fits the bytes. */
function checkHeader(
  header: ReturnType<typeof parseProxyHeaderV1>,
  bytes: Uint8Array,
): void {
  if (header === undefined) return;
  assert(header.sizeBytes <= bytes.length, "the header is longer than it is");
  if (header.source === undefined) return;
  parseIpNetwork(header.source.ip);
  assert(header.source.port <= 0xffff, "no port");
}

function proxyHeader(start: string): Uint8Array {
  const addresses = Uint8Array.from({ length: 36 }, (_, i) => i);
  return Uint8Array.of(
    ...PROXY_SIGNATURE,
    ...Uint8Array.fromHex(start),
    ...addresses,
  );
}
