import type { RtspContext } from "./context.ts";

/** Publishers over UDP of one server whose connection has ended: what they send is all that keeps them. */
export const MAX_DETACHED_SESSIONS = 256;

/** Why one more has to end. */
export const TOO_MANY_DETACHED: string =
  `over ${MAX_DETACHED_SESSIONS} sessions go on without a connection`;

/** Whether more sessions go on without a connection than may. */
export function hasTooManyDetached(
  { sessions }: Pick<RtspContext, "sessions">,
): boolean {
  let count = 0;
  for (const session of sessions.values()) if (session.isDetached) count++;
  return count > MAX_DETACHED_SESSIONS;
}
