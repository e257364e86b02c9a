import {
  type CaseRole,
  type Cursor,
  type DeviceKind,
  type InkBatch,
  type Lead,
  type LeadView,
  type LiveReply,
  type LiveRequest,
  liveReply,
  type Person,
  type PersonId,
  type ViewPart,
} from '@yuepian/contract';
import { differingParts, type ViewDigest } from '@yuepian/geometry';
import { createStore, type Store } from '../ui/index.ts';
import { LiveOutbox, nextFrame } from './live-outbox.ts';
import { type FollowState, type LiveCursor, type LiveState, notHereYet } from './live-state.ts';

/** The line the channel runs over; connection.ts gives the real one. */
export interface LiveLine {
  send(message: string): void;
}

export interface LiveOptions {
  readonly line: LiveLine;
  readonly device: DeviceKind;
  /** Calls back before the next frame is painted; `requestAnimationFrame` by default. */
  readonly onFrame?: (callback: () => void) => void;
  readonly now?: () => number;
}

/** A follower's view may lag this long behind the lead's before a difference is worth a warning. */
const settleMs = 700;

/**
 * One case's live channel, seen from one screen. The latest cursor and view go out once an animation
 * frame and are handed on once a frame; ink waits for no frame on either side. Nothing here may be
 * called from a render event of the engine: the reading room feeds it from input and from its own
 * state, so that showing the lead's view never answers with a view of one's own.
 */
export class LiveCase {
  readonly state: Store<LiveState>;
  readonly #options: LiveOptions;
  readonly #onFrame: (callback: () => void) => void;
  readonly #now: () => number;
  #you: PersonId | undefined;
  #clock = 0;
  #seq = 0;
  #device: DeviceKind;

  readonly #outbox: LiveOutbox;

  readonly #cursors = new Map<PersonId, Cursor>();
  #leadView: LeadView | undefined;
  #leadViewAt = 0;
  #shown: ViewDigest | undefined;
  #told: readonly ViewPart[] = [];
  #settle: ReturnType<typeof setTimeout> | undefined;
  #inInk: [Person, InkBatch][] = [];
  /** Strokes of others under way, with their last batch. */
  readonly #openStrokes = new Map<string, [Person, InkBatch]>();
  #isTellDue = false;
  #cursorsChanged = false;
  #viewChanged = false;

  readonly #cursorListeners = new Set<(cursors: readonly LiveCursor[]) => void>();
  readonly #inkListeners = new Set<(person: Person, batch: InkBatch) => void>();
  readonly #viewListeners = new Set<(view: LeadView) => void>();
  readonly #seqListeners = new Set<(seq: number) => void>();

  constructor(options: LiveOptions) {
    this.#options = options;
    this.#device = options.device;
    this.#onFrame = options.onFrame ?? nextFrame;
    this.#now = options.now ?? Date.now;
    this.#outbox = new LiveOutbox((request) => this.#send(request), this.#onFrame);
    this.state = createStore<LiveState>(notHereYet);
  }

  // ── what the screen reads ──────────────────────────────────────────────────────────────────────

  /** Cursors of the others, where they are now. */
  get cursors(): readonly LiveCursor[] {
    const { people } = this.state.get();
    return people.flatMap((person) => {
      const cursor = this.#cursors.get(person.id);
      return cursor && person.id !== this.#you ? [{ person, cursor }] : [];
    });
  }

  /** The view the lead shows, whether followed or not. */
  get leadView(): LeadView | undefined {
    return this.#leadView;
  }

  /** Position of the log that the server last named. */
  get seq(): number {
    return this.#seq;
  }

  /** This connection; another one after each loss of the line. */
  get connection(): PersonId | undefined {
    return this.#you;
  }

  get role(): CaseRole | undefined {
    return this.state.get().me?.role;
  }

  /** The server's clock, ms since 1970; for `until` of who asks for the lead. */
  serverNow(): number {
    return this.#now() + this.#clock;
  }

  /** Once a frame at most, when any cursor of the others moved, came or went. */
  onCursors(listener: (cursors: readonly LiveCursor[]) => void): () => void {
    this.#cursorListeners.add(listener);
    return () => this.#cursorListeners.delete(listener);
  }

  /**
   * Each batch of ink the others draw, in order, as it comes. Every stroke ends: `done`
   * (the mark is there), or `gone` (cancelled, or its person left).
   */
  onWetInk(listener: (person: Person, batch: InkBatch) => void): () => void {
    this.#inkListeners.add(listener);
    return () => this.#inkListeners.delete(listener);
  }

  /** The lead's view, once a frame at most and only while following; at once when one rejoins. */
  onLeadView(listener: (view: LeadView) => void): () => void {
    this.#viewListeners.add(listener);
    return () => this.#viewListeners.delete(listener);
  }

  onSeq(listener: (seq: number) => void): () => void {
    this.#seqListeners.add(listener);
    return () => this.#seqListeners.delete(listener);
  }

  // ── what the screen says ───────────────────────────────────────────────────────────────────────

  /** Where this person points; null when the pointer left. Latest wins. */
  sendCursor(cursor: Cursor | null): void {
    this.#outbox.cursor(cursor);
  }

  /** What this screen shows; goes out only while leading, and only when it changed. Latest wins. */
  sendView(view: LeadView): void {
    this.#outbox.view(view);
    if (this.state.get().follow === 'leading') this.#leadView = view;
  }

  /** Points of a stroke under way; none is left out. */
  sendInk(batch: InkBatch): void {
    this.#outbox.ink(batch);
  }

  /** The digest of what this screen shows now; compared with the lead's once both have settled. */
  reportShown(digest: ViewDigest): void {
    this.#shown = digest;
    this.#compareSoon();
  }

  setDevice(device: DeviceKind): void {
    this.#device = device;
    this.#send({ type: 'here', device });
  }

  takeLead(): void {
    this.#send({ type: 'lead', act: 'take' });
  }
  askForLead(): void {
    this.#send({ type: 'lead', act: 'ask' });
  }
  withdrawAsking(): void {
    this.#send({ type: 'lead', act: 'withdraw' });
  }
  releaseLead(): void {
    this.#send({ type: 'lead', act: 'release' });
  }
  giveLead(to: PersonId): void {
    this.#send({ type: 'lead', act: 'give', to });
  }
  declineAsking(to: PersonId): void {
    this.#send({ type: 'lead', act: 'decline', to });
  }

  /** This person moved the view by hand: stop following. */
  touched(): void {
    if (this.state.get().follow !== 'following') return;
    this.state.set({ follow: 'free' });
    this.#tellDifference([]);
  }

  /** Follow again; the lead's view is handed on at once. */
  rejoin(): void {
    const { lead, follow } = this.state.get();
    if (!lead || follow !== 'free') return;
    this.state.set({ follow: 'following' });
    this.#viewChanged = true;
    this.#tellSoon();
  }

  // ── the line ───────────────────────────────────────────────────────────────────────────────────

  /** The line is down: nobody else is known until it is back. */
  disconnected(): void {
    this.#you = undefined;
    this.#cursors.clear();
    this.#dropStrokesOf(() => true);
    this.#outbox.reset();
    this.#told = [];
    clearTimeout(this.#settle);
    this.state.set({
      isConnected: false,
      me: undefined,
      people: [],
      asking: [],
      viewMismatch: [],
      wasDeclined: false,
    });
    this.#cursorsChanged = true;
    this.#tellSoon();
  }

  /** A live message of the server; what does not fit the contract is passed over. */
  receive(text: string): void {
    const reply = parseReply(text);
    if (reply) this.#apply(reply);
  }

  close(): void {
    clearTimeout(this.#settle);
    for (const set of [this.#cursorListeners, this.#inkListeners, this.#viewListeners]) set.clear();
    this.#seqListeners.clear();
  }

  #apply(reply: LiveReply): void {
    switch (reply.type) {
      case 'hello':
        this.#you = reply.you;
        this.state.set({ isConnected: true });
        this.#send({ type: 'here', device: this.#device });
        this.#pulse(reply);
        return;
      case 'pulse':
        this.#pulse(reply);
        return;
      case 'room':
        this.#room(reply);
        return;
      case 'tick':
        this.#tick(reply);
        return;
      case 'declined':
        this.state.set({ wasDeclined: true });
        return;
      case 'refused':
        this.state.set({ refused: reply.code });
    }
  }

  #pulse({ at, seq }: { at: number; seq: number }): void {
    this.#clock = at - this.#now();
    this.#seq = seq;
    for (const listener of [...this.#seqListeners]) listener(seq);
  }

  #room({ people, lead, asking }: LiveReply & { type: 'room' }): void {
    const before = this.state.get();
    const me = people.find((p) => p.id === this.#you);
    for (const id of this.#cursors.keys()) {
      if (!people.some((p) => p.id === id)) this.#cursors.delete(id);
    }
    this.#dropStrokesOf((p) => !people.some((there) => there.id === p.id));
    const isMine = lead !== null && lead.personId === this.#you;
    const changed = before.lead?.userId !== lead?.userId || before.lead?.since !== lead?.since;
    let follow: FollowState = before.follow;
    if (isMine) follow = 'leading';
    else if (!lead) follow = 'free';
    // Somebody new in the lead is worth looking at; who left "follow" before has left another one.
    else if (changed || before.follow === 'leading') follow = 'following';
    if (!lead || changed) this.#leadView = isMine ? undefined : this.#keptView(lead);
    this.state.set({
      me,
      people,
      asking,
      follow,
      lead: lead ?? undefined,
      refused: undefined,
      ...(changed && { wasDeclined: false }),
      ...(follow !== 'following' && { viewMismatch: [] }),
    });
    if (follow !== 'following') this.#told = [];
    this.#outbox.lead(isMine);
    this.#cursorsChanged = true;
    this.#tellSoon();
  }

  /** Nobody will finish these strokes: their wet ink goes. */
  #dropStrokesOf(isGone: (person: Person) => boolean): void {
    for (const [stroke, [person, batch]] of this.#openStrokes) {
      if (!isGone(person)) continue;
      this.#openStrokes.delete(stroke);
      const from = batch.from + batch.points.length / 4;
      this.#inInk.push([person, { ...batch, from, points: [], end: 'gone' }]);
    }
  }

  /** A view that came before the news of its lead; the server sends both in one breath. */
  #keptView(lead: Lead | null): LeadView | undefined {
    return lead && this.#viewChanged ? this.#leadView : undefined;
  }

  #tick({ cursors, ink, view }: LiveReply & { type: 'tick' }): void {
    for (const [id, cursor] of cursors ?? []) {
      if (id === this.#you) continue;
      if (cursor) this.#cursors.set(id, cursor);
      else this.#cursors.delete(id);
      this.#cursorsChanged = true;
    }
    const { people } = this.state.get();
    for (const [id, batch] of ink ?? []) {
      const person = people.find((p) => p.id === id);
      if (!person || id === this.#you) continue;
      this.#inInk.push([person, batch]);
      if (batch.end) this.#openStrokes.delete(batch.stroke);
      else this.#openStrokes.set(batch.stroke, [person, batch]);
    }
    this.#tellInk();
    if (view && view[0] !== this.#you) {
      this.#leadView = view[1];
      this.#leadViewAt = this.#now();
      this.#viewChanged = true;
      this.#compareSoon();
    }
    if (cursors || this.#viewChanged) this.#tellSoon();
  }

  #tellSoon(): void {
    if (this.#isTellDue) return;
    this.#isTellDue = true;
    this.#onFrame(() => this.#tell());
  }

  #tellInk(): void {
    const ink = this.#inInk;
    this.#inInk = [];
    for (const [person, batch] of ink) {
      for (const listener of [...this.#inkListeners]) listener(person, batch);
    }
  }

  #tell(): void {
    this.#isTellDue = false;
    this.#tellInk();
    if (this.#cursorsChanged) {
      this.#cursorsChanged = false;
      const { cursors } = this;
      for (const listener of [...this.#cursorListeners]) listener(cursors);
    }
    const view = this.#leadView;
    if (this.#viewChanged && view && this.state.get().follow === 'following') {
      for (const listener of [...this.#viewListeners]) listener(view);
    }
    this.#viewChanged = false;
  }

  /** Compares when the lead's view has stood still for a moment: on the way both are different. */
  #compareSoon(): void {
    clearTimeout(this.#settle);
    const rest = Math.max(0, this.#leadViewAt + settleMs - this.#now());
    this.#settle = setTimeout(() => this.#compare(), rest);
  }

  #compare(): void {
    if (this.state.get().follow !== 'following') return;
    const theirs = this.#leadView?.digest;
    if (!theirs || !this.#shown) return;
    this.#tellDifference(differingParts(theirs, this.#shown));
  }

  #tellDifference(parts: readonly ViewPart[]): void {
    if (parts.join() === this.#told.join()) return;
    this.#told = parts;
    this.state.set({ viewMismatch: parts });
    this.#send({ type: 'differs', parts: [...parts] });
  }

  #send(request: LiveRequest): void {
    this.#options.line.send(JSON.stringify(request));
  }
}

function parseReply(text: string): LiveReply | undefined {
  try {
    return liveReply.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
