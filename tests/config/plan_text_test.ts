import type { ChangePlan } from "#config/control.ts";
import type { PathChange } from "#config/diff.ts";
import { planText } from "#config/plan_text.ts";
import type { SessionInfo } from "#core/session_info.ts";
import { assertEquals } from "#test/assert.ts";

const paths = (change: PathChange, ...names: string[]) =>
  names.map((name) => ({ name, change }));

const sessions = (count: number) => Array<SessionInfo>(count);

const PLANS: [name: string, plan: Partial<ChangePlan>, text: string][] = [
  ["nothing", {}, "nothing had to restart"],
  ["modules", { restarts: ["RTMP", "API"] }, "RTMP and API restarted"],
  ["a path", { paths: paths("added", "a") }, "path a added"],
  [
    "paths of all kinds, and sessions",
    {
      restarts: ["RTMP"],
      paths: [
        ...paths("pathHot", "h"),
        ...paths("path", "a", "b"),
        ...paths("removed", "r"),
      ],
      cut: sessions(2),
    },
    "RTMP restarted, path r removed, paths a, b made anew, path h updated, 2 sessions ended",
  ],
  [
    "many paths",
    { paths: paths("added", ..."abcdefg"), cut: sessions(1) },
    "paths a, b, c, d, e and 2 more added, 1 session ended",
  ],
];

for (const [name, plan, text] of PLANS) {
  Deno.test(`planText() tells of ${name}`, () => {
    assertEquals(
      planText({ restarts: [], paths: [], cut: [], ...plan }),
      text,
    );
  });
}
