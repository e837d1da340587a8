import type { ChangePlan } from "./control.ts";
import type { PathChange } from "./diff.ts";

/** Names of one kind that are told. */
const MAX_NAMES = 5;

const CHANGES: readonly (readonly [PathChange, string])[] = [
  ["added", "added"],
  ["removed", "removed"],
  ["path", "made anew"],
  ["pathHot", "updated"],
];

/** What a plan does, for the log: `RTMP restarted, path cam removed, 2 sessions ended`. */
export function planText({ restarts, paths, cut }: ChangePlan): string {
  const parts: string[] = [];
  if (restarts.length > 0) parts.push(`${restarts.join(" and ")} restarted`);
  for (const [change, word] of CHANGES) {
    const names = paths.filter((path) => path.change === change)
      .map(({ name }) => name);
    if (names.length > 0) parts.push(`${namesText(names)} ${word}`);
  }
  if (cut.length > 0) {
    parts.push(
      cut.length === 1 ? "1 session ended" : `${cut.length} sessions ended`,
    );
  }
  return parts.length > 0 ? parts.join(", ") : "nothing had to restart";
}

function namesText(names: readonly string[]): string {
  const told = names.slice(0, MAX_NAMES).join(", ");
  const others = names.length - MAX_NAMES;
  if (names.length === 1) return `path ${told}`;
  return others > 0 ? `paths ${told} and ${others} more` : `paths ${told}`;
}
