import {
  type CaseEntry,
  type CaseId,
  caseEntry,
  type LeadView,
  leadView,
  type MarkId,
} from '@yuepian/contract';
import * as Y from 'yjs';
import { request } from '../api/index.ts';
import { createStore, type Store } from '../ui/index.ts';
import { CaseDocument } from './document.ts';
import {
  type FetchLogOptions,
  fetchLog,
  type LogStretch,
  type MarkEvent,
  markEvents,
} from './history.ts';
import { Timeline } from './timeline.ts';

export const replaySpeeds = [0.5, 1, 2, 4, 8] as const;
/** The document is kept whole every so many rows, so that scrubbing back is quick. */
const checkpointRows = 400;
const applied = { kind: 'replay' };

export interface ReplayState {
  readonly isPlaying: boolean;
  readonly speed: number;
  /** Time shown, in ms of the shortened timeline: 0…duration. */
  readonly position: number;
  readonly duration: number;
  /** Last row that is part of the document now; `from - 1` before the first. */
  readonly seq: number;
  /** When that was, ms since 1970. */
  readonly at: number;
  /** The document as it was; another object after going back. Read only. */
  readonly document: CaseDocument;
  /** What the lead looked at then; undefined while nobody led. */
  readonly view: LeadView | undefined;
  /** User id of who led; undefined for nobody. */
  readonly leadUserId: string | undefined;
}

export interface ReplayOptions {
  /** Calls back before the next frame with a time in ms; `requestAnimationFrame` by default. */
  readonly onFrame?: (callback: (now: number) => void) => void;
}

const nextFrame = (callback: (now: number) => void): void => {
  if (globalThis.requestAnimationFrame) globalThis.requestAnimationFrame(callback);
  else setTimeout(() => callback(performance.now()), 16);
};

/**
 * A past stretch of a case, played from its log: the document as it was after any row, with the
 * view of whoever led. It is a document like any other, so the model can be turned while paused.
 */
export class Replay {
  readonly state: Store<ReplayState>;
  readonly caseId: CaseId;
  readonly timeline: Timeline;
  /** What happened to marks, oldest first. */
  readonly events: readonly MarkEvent[];
  /** First appearance of each mark. */
  readonly births: ReadonlyMap<MarkId, MarkEvent>;
  /** Display names by user id. */
  readonly names: Readonly<Record<string, string>>;
  readonly #stretch: LogStretch;
  readonly #onFrame: (callback: (now: number) => void) => void;
  /** Whole documents by the number of rows in them. */
  readonly #checkpoints = new Map<number, Uint8Array>();
  /** Lead and its view after the same numbers of rows. */
  readonly #seen: readonly Seen[];
  #count = 0;
  #lastFrame: number | undefined;
  #run = 0;

  static async open(
    caseId: CaseId,
    options: FetchLogOptions & ReplayOptions = {},
  ): Promise<Replay> {
    return new Replay(await fetchLog(caseId, options), options);
  }

  constructor(stretch: LogStretch, options: ReplayOptions = {}) {
    this.#stretch = stretch;
    this.#onFrame = options.onFrame ?? nextFrame;
    this.caseId = stretch.head.caseId;
    this.names = stretch.head.names;
    this.timeline = new Timeline(stretch.rows.map((row) => row.at));
    this.events = markEvents(stretch);
    const births = new Map<MarkId, MarkEvent>();
    for (const event of this.events) {
      if (event.change === 'added' && !births.has(event.markId)) births.set(event.markId, event);
    }
    this.births = births;
    this.#seen = seenOf(stretch);
    this.state = createStore<ReplayState>({
      isPlaying: false,
      speed: 1,
      position: 0,
      duration: this.timeline.duration,
      seq: stretch.head.from - 1,
      at: stretch.rows[0]?.at ?? 0,
      document: this.#documentOf(stretch.base),
      view: undefined,
      leadUserId: undefined,
    });
    this.#moveTo(this.timeline.countAt(0), 0);
  }

  play(): void {
    const { isPlaying, position, duration } = this.state.get();
    if (isPlaying) return;
    if (position >= duration) this.seek(0);
    this.state.set({ isPlaying: true });
    this.#lastFrame = undefined;
    const run = ++this.#run;
    const step = (now: number): void => {
      const state = this.state.get();
      if (!state.isPlaying || run !== this.#run) return;
      const since = this.#lastFrame === undefined ? 0 : now - this.#lastFrame;
      this.#lastFrame = now;
      const next = Math.min(state.duration, state.position + since * state.speed);
      this.#moveTo(this.timeline.countAt(next), next);
      if (next >= state.duration) this.pause();
      else this.#onFrame(step);
    };
    this.#onFrame(step);
  }

  pause(): void {
    this.state.set({ isPlaying: false });
  }

  /** Scrubs; playing goes on from there. */
  seek(position: number): void {
    const to = Math.min(this.timeline.duration, Math.max(0, position));
    this.#moveTo(this.timeline.countAt(to), to);
  }

  /** To just after the row `seq`. */
  seekSeq(seq: number): void {
    const count = Math.min(
      this.#stretch.rows.length,
      Math.max(0, seq - this.#stretch.head.from + 1),
    );
    this.#moveTo(count, this.timeline.timeOf(Math.max(0, count - 1)));
  }

  /** To the moment a mark appeared; false when it did not in this stretch. */
  jumpToBirth(id: MarkId): boolean {
    const birth = this.births.get(id);
    if (birth) this.seekSeq(birth.seq);
    return birth !== undefined;
  }

  /** 0.5 to 8. */
  setSpeed(speed: number): void {
    this.state.set({ speed: Math.min(8, Math.max(0.5, speed)) });
  }

  /** Place of a row on the timeline, 0…duration; for marks on the bar. */
  positionOf(seq: number): number {
    return this.timeline.timeOf(seq - this.#stretch.head.from);
  }

  /**
   * Continues from here as a case of its own, with the same images.
   * @throws YuepianError, Unreachable
   */
  continueAsCopy(title: string): Promise<CaseEntry> {
    const { seq } = this.state.get();
    return request(caseEntry, `/api/cases/${this.caseId}/copies`, {
      method: 'POST',
      body: { seq: Math.max(1, seq), title },
    });
  }

  close(): void {
    this.#run++;
    this.state.get().document.destroy();
  }

  #moveTo(count: number, position: number): void {
    let { document } = this.state.get();
    const { rows, head } = this.#stretch;
    if (count < this.#count) {
      const near = Math.floor(count / checkpointRows) * checkpointRows;
      const before = document;
      document = this.#documentOf(this.#checkpoints.get(near) ?? this.#stretch.base);
      this.#count = this.#checkpoints.has(near) ? near : 0;
      before.destroy();
    }
    const first = this.#count;
    for (let stop = this.#count; this.#count < count; ) {
      stop = Math.min(count, (Math.floor(stop / checkpointRows) + 1) * checkpointRows);
      const part = rows.slice(this.#count, stop);
      // One transaction a stretch: the screen is told once, however far the jump.
      document.doc.transact(() => {
        for (const row of part) {
          if (row.kind === 'change') Y.applyUpdate(document.doc, row.bytes, applied);
        }
      }, applied);
      this.#count = stop;
      if (stop % checkpointRows === 0 && !this.#checkpoints.has(stop)) {
        this.#checkpoints.set(stop, Y.encodeStateAsUpdate(document.doc));
      }
    }
    if (this.#count !== first) document.adoptView();
    const last = rows[count - 1];
    const seen = this.#seen[count];
    this.state.set({
      position,
      document,
      seq: head.from - 1 + count,
      at: last?.at ?? rows[0]?.at ?? 0,
      view: seen?.view,
      leadUserId: seen?.leadUserId,
    });
  }

  #documentOf(state: Uint8Array | undefined): CaseDocument {
    const doc = new Y.Doc();
    if (state) Y.applyUpdate(doc, state, applied);
    const document = new CaseDocument(doc);
    document.adoptView();
    return document;
  }
}

interface Seen {
  readonly view: LeadView | undefined;
  readonly leadUserId: string | undefined;
}

/** Lead and view after 0, 1, 2 … rows. */
function seenOf(stretch: LogStretch): readonly Seen[] {
  let now: Seen = { view: undefined, leadUserId: undefined };
  const all = [now];
  for (const row of stretch.rows) {
    if (row.kind === 'view') {
      const view = leadView.safeParse(jsonOf(row.bytes)).data;
      if (view) now = { view, leadUserId: row.userId };
    } else if (row.kind === 'lead') {
      const value = jsonOf(row.bytes);
      const userId =
        typeof value === 'object' && value !== null && 'userId' in value ? value.userId : null;
      now = { view: undefined, leadUserId: typeof userId === 'string' ? userId : undefined };
    }
    all.push(now);
  }
  return all;
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}
