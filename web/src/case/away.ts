import type { CaseId, UserId } from '@yuepian/contract';
import { createStore, type Store } from '../ui/index.ts';
import { type FetchLogOptions, fetchLog, type MarkEvent, markEvents } from './history.ts';
import type { LiveCase } from './live.ts';

export interface AwayPerson {
  readonly userId: string;
  readonly name: string;
  readonly added: number;
  readonly changed: number;
  readonly removed: number;
}

export interface AwaySummary {
  /** Positions of the log, both included. */
  readonly from: number;
  readonly to: number;
  /** When the first and the last of these changes were made, ms since 1970. */
  readonly since: number;
  readonly until: number;
  readonly people: readonly AwayPerson[];
  /** What others did to marks, oldest first. */
  readonly events: readonly MarkEvent[];
}

export interface AwayState {
  /** Undefined: nothing of others to tell. */
  readonly summary: AwaySummary | undefined;
}

/** Where the last seen position is kept: `localStorage` in the browser. */
export interface SeenStore {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

export interface AwayOptions {
  readonly caseId: CaseId;
  readonly live: LiveCase;
  readonly userId?: UserId;
  readonly seen?: SeenStore | undefined;
  readonly fetch?: FetchLogOptions['fetch'];
}

/**
 * Remembers how far this person has seen the log, and when the line is there again tells what
 * others did to marks meanwhile. Own changes (from another screen) do not count as news.
 */
export class Away {
  readonly state: Store<AwayState> = createStore<AwayState>({ summary: undefined });
  readonly #options: AwayOptions;
  readonly #seen: SeenStore | undefined;
  readonly #key: string;
  readonly #stop: () => void;
  readonly #ended = new AbortController();
  /** Last position seen while the line was up; the connection it belongs to. */
  #isCurrent = false;
  #lastConnection: unknown;

  constructor(options: AwayOptions) {
    this.#options = options;
    this.#seen = 'seen' in options ? options.seen : browserStore();
    this.#key = `yuepian-seen-${options.caseId}-${options.userId ?? ''}`;
    this.#stop = options.live.onSeq((seq) => this.#at(seq));
  }

  /** The person has read it. */
  dismiss(): void {
    this.state.set({ summary: undefined });
  }

  close(): void {
    this.#ended.abort();
    this.#stop();
  }

  #at(seq: number): void {
    const { connection } = this.#options.live;
    if (!this.#isCurrent || connection !== this.#lastConnection) {
      this.#isCurrent = true;
      this.#lastConnection = connection;
      const seen = Number(this.#read());
      if (Number.isInteger(seen) && seen > 0 && seq > seen) void this.#summarise(seen + 1, seq);
    }
    this.#write(seq);
  }

  async #summarise(from: number, to: number): Promise<void> {
    const { caseId, fetch, userId } = this.#options;
    try {
      const stretch = await fetchLog(caseId, {
        from,
        to,
        signal: this.#ended.signal,
        ...(fetch && { fetch }),
      });
      const summary = summaryOf(from, to, markEvents(stretch), stretch.head.names, userId);
      if (!this.#ended.signal.aborted) this.state.set({ summary });
    } catch {
      // News that cannot be had is no reason to disturb; the document itself is complete.
    }
  }

  #read(): string | null {
    try {
      return this.#seen?.getItem(this.#key) ?? null;
    } catch {
      return null;
    }
  }

  #write(seq: number): void {
    try {
      this.#seen?.setItem(this.#key, String(seq));
    } catch {
      // A full or forbidden store costs only the news after the next absence.
    }
  }
}

/** Undefined when nobody else did anything to a mark. */
export function summaryOf(
  from: number,
  to: number,
  all: readonly MarkEvent[],
  names: Readonly<Record<string, string>>,
  self: string | undefined,
): AwaySummary | undefined {
  const events = all.filter((event) => event.userId !== self);
  const [first, last] = [events[0], events.at(-1)];
  if (!first || !last) return undefined;
  const people = [...new Set(events.map((event) => event.userId))].map((userId): AwayPerson => {
    const own = events.filter((event) => event.userId === userId);
    const count = (change: MarkEvent['change']) => own.filter((e) => e.change === change).length;
    return {
      userId,
      name: names[userId] ?? '',
      added: count('added'),
      changed: count('changed'),
      removed: count('removed'),
    };
  });
  return { from, to, since: first.at, until: last.at, people, events };
}

function browserStore(): SeenStore | undefined {
  try {
    return globalThis.localStorage;
  } catch {
    return undefined;
  }
}
