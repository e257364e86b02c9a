import {
  type Cursor,
  caseLimits,
  type DeviceKind,
  type ErrorCode,
  type InkBatch,
  type LeadView,
  type LiveReply,
  type LiveRequest,
  liveVersion,
  type Person,
  type PersonId,
  personColours,
  type User,
  type ViewPart,
} from '@yuepian/contract';
import { type LeadChange, Leadership, type LeadMember } from './lead.ts';

/** One connection in a room. */
export interface Member extends LeadMember {
  device: DeviceKind;
  readonly since: number;
  differs: readonly ViewPart[];
  cursor: Cursor | null;
  readonly send: (frame: Uint8Array) => void;
  /** True while earlier messages still wait in the socket: leave this one out. */
  readonly isBehind: () => boolean;
}

export interface RoomDeps {
  /** Position of the log. */
  readonly seq: () => number;
  /** Sends one text to several; the frame is encoded once. */
  readonly sendAll: (members: Iterable<Member>, text: string) => void;
  /** What the lead looked at, and who leads; written to the log. */
  readonly record: (kind: 'view' | 'lead', value: unknown, userId: string) => void;
  readonly leadChanged: (change: LeadChange, by: LeadMember | undefined) => void;
  /** Nobody is here and nobody leads. */
  readonly empty: () => void;
  readonly now?: () => number;
  readonly after?: (ms: number, callback: () => void) => () => void;
}

const afterTime = (ms: number, callback: () => void): (() => void) => {
  const timer = setTimeout(callback, ms);
  timer.unref();
  return () => clearTimeout(timer);
};

/**
 * The people around one case. Collects what comes in and sends it on at most once a tick, as one
 * message for all: the latest cursor of each, the latest view of the lead, all ink. With n people
 * moving at 60 Hz that is n messages a tick to write instead of n².
 */
export class CaseRoom {
  readonly #deps: RoomDeps;
  readonly #now: () => number;
  readonly #after: (ms: number, callback: () => void) => () => void;
  readonly #members = new Map<PersonId, Member>();
  readonly #colours = new Map<string, string>();
  readonly #lead: Leadership;
  #view: [PersonId, LeadView] | undefined;

  #newCursors = new Set<Member>();
  #newInk: [PersonId, InkBatch][] = [];
  #isViewNew = false;
  #isRoomNew = false;
  #toldSeq = 0;
  #lastTick = Number.NEGATIVE_INFINITY;
  #isTickDue = false;

  #recordedView = '';
  #recordedAt = Number.NEGATIVE_INFINITY;
  #isRecordDue = false;

  constructor(deps: RoomDeps) {
    this.#deps = deps;
    this.#now = deps.now ?? Date.now;
    this.#after = deps.after ?? afterTime;
    this.#lead = new Leadership({
      members: () => this.#members.values(),
      now: this.#now,
      after: this.#after,
      changed: (change, by) => {
        if (change) {
          this.#view = undefined;
          this.#recordedView = '';
          deps.record('lead', { userId: this.#lead.lead?.userId ?? null }, by?.user.id ?? '');
          deps.leadChanged(change, by);
        } else if (this.#view && this.#lead.lead?.personId) {
          this.#view = [this.#lead.lead.personId, this.#view[1]];
        }
        this.#roomChanged();
        this.#closeIfEmpty();
      },
    });
  }

  get size(): number {
    return this.#members.size;
  }

  get lead() {
    return this.#lead.lead;
  }

  countOf(user: User): number {
    return [...this.#members.values()].filter((m) => m.user.id === user.id).length;
  }

  /**
   * The same colour for all screens of a person while anybody is here: their own where it is free, as
   * their marks have it, else one that fewest have.
   */
  colourOf(user: User): string {
    const known = this.#colours.get(user.id);
    if (known) return known;
    const uses = (colour: string) =>
      [...this.#colours.values()].filter((used) => used === colour).length;
    const fewest = Math.min(...personColours.map(uses));
    const own = personColours.find((c) => c === user.colour && uses(c) === fewest);
    const colour = own ?? personColours.find((c) => uses(c) === fewest) ?? personColours[0];
    this.#colours.set(user.id, colour);
    return colour;
  }

  join(member: Member): void {
    this.#members.set(member.id, member);
    this.#tell(member, {
      type: 'hello',
      version: liveVersion,
      you: member.id,
      seq: this.#deps.seq(),
      at: this.#now(),
    });
    this.#lead.came(member);
    this.#tell(member, this.#roomNow());
    const cursors = [...this.#members.values()].flatMap((m): [PersonId, Cursor][] =>
      m.cursor ? [[m.id, m.cursor]] : [],
    );
    this.#tell(member, { type: 'tick', cursors, ...(this.#view && { view: this.#view }) });
    this.#roomChanged();
  }

  leave(member: Member): void {
    if (!this.#members.delete(member.id)) return;
    this.#newCursors.delete(member);
    this.#lead.left(member);
    this.#roomChanged();
    this.#closeIfEmpty();
  }

  handle(member: Member, request: LiveRequest): void {
    switch (request.type) {
      case 'here':
        member.device = request.device;
        this.#roomChanged();
        return;
      case 'cursor':
        member.cursor = request.cursor;
        this.#newCursors.add(member);
        this.#tickSoon();
        return;
      case 'view':
        // Also what was on its way while the lead changed: not worth a word.
        if (this.#lead.lead?.personId === member.id) this.#takeView(member, request.view);
        return;
      case 'ink':
        if (!member.mayChange) this.#refuse(member, 'not_allowed', 'ink');
        else {
          for (const batch of request.batches) this.#newInk.push([member.id, batch]);
          this.#tickSoon();
        }
        return;
      case 'differs':
        member.differs = request.parts;
        this.#roomChanged();
        return;
      case 'lead':
        if (!this.#leadAct(member, request)) this.#refuse(member, 'not_allowed', request.act);
    }
  }

  /** A word for each, now and then: the line lives, the log stands there. */
  pulse(): void {
    this.#toldSeq = this.#deps.seq();
    this.#tellAll({ type: 'pulse', seq: this.#toldSeq, at: this.#now() });
  }

  /** The same, only when the log has grown since. */
  pulseIfNews(): void {
    if (this.#toldSeq !== this.#deps.seq()) this.pulse();
  }

  close(): void {
    this.#lead.close();
  }

  #leadAct(member: Member, { act, to }: LiveRequest & { type: 'lead' }): boolean {
    const other = to && this.#members.get(to);
    switch (act) {
      case 'take':
        return this.#lead.take(member);
      case 'ask':
        return this.#lead.ask(member);
      case 'withdraw':
        return this.#lead.withdraw(member);
      case 'release':
        return this.#lead.release(member);
      case 'give':
        return other !== undefined && this.#lead.give(member, other);
      case 'decline': {
        if (!other || !this.#lead.decline(member, other)) return false;
        this.#tell(other, { type: 'declined' });
        return true;
      }
    }
  }

  #takeView(member: Member, view: LeadView): void {
    this.#view = [member.id, view];
    this.#isViewNew = true;
    this.#tickSoon();
    this.#recordSoon();
  }

  #recordSoon(): void {
    if (this.#isRecordDue) return;
    this.#isRecordDue = true;
    const rest = this.#recordedAt + caseLimits.recordViewMs - this.#now();
    if (rest > 0) this.#after(rest, () => this.#record());
    else this.#record();
  }

  #record(): void {
    this.#isRecordDue = false;
    const { lead } = this.#lead;
    if (!this.#view || !lead) return;
    const { digest: _, ...view } = this.#view[1];
    const text = JSON.stringify(view);
    if (text === this.#recordedView) return;
    this.#recordedView = text;
    this.#recordedAt = this.#now();
    this.#deps.record('view', view, lead.userId);
  }

  #roomChanged(): void {
    this.#isRoomNew = true;
    this.#tickSoon();
  }

  #closeIfEmpty(): void {
    if (this.#members.size === 0 && !this.#lead.lead) this.#deps.empty();
  }

  /** At once when the last tick is long enough ago, so that a single movement does not wait. */
  #tickSoon(): void {
    if (this.#isTickDue) return;
    this.#isTickDue = true;
    const rest = this.#lastTick + caseLimits.tickMs - performance.now();
    if (rest > 1) setTimeout(() => this.#tick(), rest);
    else setImmediate(() => this.#tick());
  }

  #tick(): void {
    this.#isTickDue = false;
    this.#lastTick = performance.now();
    if (this.#isRoomNew) {
      this.#isRoomNew = false;
      // Never left out: a reader that is behind would show people who have gone.
      this.#deps.sendAll(this.#members.values(), JSON.stringify(this.#roomNow()));
    }
    const cursors = [...this.#newCursors].map((m): [PersonId, Cursor | null] => [m.id, m.cursor]);
    const ink = this.#newInk;
    const view = this.#isViewNew ? this.#view : undefined;
    this.#newCursors = new Set();
    this.#newInk = [];
    this.#isViewNew = false;
    if (cursors.length === 0 && ink.length === 0 && !view) return;
    this.#tellAll({
      type: 'tick',
      ...(cursors.length > 0 && { cursors }),
      ...(ink.length > 0 && { ink }),
      ...(view && { view }),
    });
  }

  #roomNow(): LiveReply {
    const { lead, asking } = this.#lead;
    const people = [...this.#members.values()].map(
      (m): Person => ({
        id: m.id,
        userId: m.user.id,
        name: m.user.displayName,
        colour: m.colour,
        role: lead?.personId === m.id ? 'lead' : m.mayChange ? 'participant' : 'observer',
        device: m.device,
        since: m.since,
        differs: [...m.differs],
      }),
    );
    return { type: 'room', people, lead, asking };
  }

  #refuse(member: Member, code: ErrorCode, of: string): void {
    this.#tell(member, { type: 'refused', code, of });
  }

  #tell(member: Member, reply: LiveReply): void {
    this.#deps.sendAll([member], JSON.stringify(reply));
  }

  #tellAll(reply: LiveReply): void {
    const ready = [...this.#members.values()].filter((m) => !m.isBehind());
    if (ready.length > 0) this.#deps.sendAll(ready, JSON.stringify(reply));
  }
}
