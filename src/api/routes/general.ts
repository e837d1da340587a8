import { z } from "zod";
import { BUILD_INFO } from "#base/build_info.ts";
import type { ApiParts } from "#api/context.ts";
import { localTime } from "#api/local_time.ts";
import type { Operation } from "#api/operation.ts";
import { readBodyAs } from "#api/read_request.ts";
import { counter, objectSchema, OK, SCHEMAS, time } from "#api/schemas.ts";

const INFO = objectSchema("Info", {
  version: z.string(),
  started: time(),
});

const NAME = z.string().min(1, "must not be empty");

const KICK = z.union([
  z.strictObject({ user: NAME }),
  z.strictObject({ tokenId: NAME }),
], { error: 'must be {"user": "…"} or {"tokenId": "…"}' })
  .register(SCHEMAS, { id: "AuthKick" });

const KICKED = objectSchema("AuthKicked", {
  status: z.literal("ok"),
  kicked: counter().describe("Sessions that ended."),
});

/** Operations on the program as a whole, and on who may use it. */
export function generalOperations(
  { access, ports, startedAtMs }: ApiParts,
): Operation[] {
  return [
    {
      method: "get",
      path: "/v3/info",
      id: "info",
      tag: "General",
      summary: "Says what runs and since when.",
      answer: INFO,
      errors: [],
      handle: () => ({
        version: BUILD_INFO.version,
        started: localTime(startedAtMs),
      }),
    },
    {
      method: "post",
      path: "/v3/auth/jwks/refresh",
      id: "authJwksRefresh",
      tag: "Authentication",
      summary: "Has the keys of JSON Web Tokens fetched anew.",
      answer: OK,
      errors: [],
      handle: () => access.refreshKeys(),
    },
    {
      method: "post",
      path: "/v3/auth/kick",
      id: "authKick",
      tag: "Authentication",
      summary:
        "Ends the sessions of a user or of a token; the token is of no use any more.",
      body: KICK,
      answer: KICKED,
      errors: [400],
      handle: async (context) => {
        const who = await readBodyAs(context, KICK);
        const kicked = "user" in who
          ? access.kickUser(who.user, ports.paths)
          : access.kickToken(who.tokenId, ports.paths);
        return { status: "ok", kicked };
      },
    },
  ];
}
