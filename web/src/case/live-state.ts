import type { Asking, Cursor, ErrorCode, Lead, Person, ViewPart } from '@yuepian/contract';

/**
 * leading: the others see my view; following: I see the lead's; free: I look where I like (nobody
 * leads, or I touched the view).
 */
export type FollowState = 'leading' | 'following' | 'free';

export interface LiveState {
  /** False while the line is down: the others are not known then. */
  readonly isConnected: boolean;
  /** This connection among `people`; undefined until the server has said hello. */
  readonly me: Person | undefined;
  /** Everybody here, me included, in the order they came. */
  readonly people: readonly Person[];
  readonly lead: Lead | undefined;
  /** Who waits for the lead, longest first; `until` is on the server's clock, see `serverNow`. */
  readonly asking: readonly Asking[];
  readonly follow: FollowState;
  /** Following: what this screen shows otherwise than the lead's. Empty when it is the same. */
  readonly viewMismatch: readonly ViewPart[];
  /** The lead said no to my asking; cleared by the next change of the lead. */
  readonly wasDeclined: boolean;
  /** What the server last refused, for a sentence. */
  readonly refused: ErrorCode | undefined;
}

export interface LiveCursor {
  readonly person: Person;
  readonly cursor: Cursor;
}

export const notHereYet: LiveState = {
  isConnected: false,
  me: undefined,
  people: [],
  lead: undefined,
  asking: [],
  follow: 'free',
  viewMismatch: [],
  wasDeclined: false,
  refused: undefined,
};
