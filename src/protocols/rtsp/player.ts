import { MulticastPlay } from "./multicast/multicast_play.ts";
import { PlaySession, type PlaySessionOptions } from "./play_session.ts";

/** What sends a reader its media, from PLAY to PAUSE or TEARDOWN: alone, or with all others of a group. */
export type Player = PlaySession | MulticastPlay;

/** Opens what fits the reader's transports, all of which are of one kind; media flows after `start()`. */
export function openPlayer(options: PlaySessionOptions): Player {
  const [first] = options.transports.values();
  if (!first?.seat) return new PlaySession(options);
  const isProtected = first.srtp !== undefined;
  return new MulticastPlay({
    ...options,
    group: first.seat.group,
    isProtected,
  });
}
