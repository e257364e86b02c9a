import { type Asking, caseLimits, type Lead, type PersonId, type User } from '@yuepian/contract';

/** One connection, as far as the lead is concerned. */
export interface LeadMember {
  readonly id: PersonId;
  readonly user: User;
  readonly colour: string;
  readonly mayChange: boolean;
}

export type LeadChange = 'taken' | 'given' | 'released' | 'fell_free' | 'passed_on';

export interface LeadDeps {
  readonly members: () => Iterable<LeadMember>;
  /** The lead or the list of who asks has changed. `by` is undefined when time did it. */
  readonly changed: (change: LeadChange | undefined, by: LeadMember | undefined) => void;
  readonly now: () => number;
  /** Calls back after a time; gives what cancels it. */
  readonly after: (ms: number, callback: () => void) => () => void;
}

/**
 * Who leads (主讲). Held by a person and shown from one connection of theirs; it survives a reload
 * or a short loss of the line, and falls free when its person stays away. It is a state of the room,
 * not of the document: a meeting's lead means nothing the day after.
 */
export class Leadership {
  readonly #deps: LeadDeps;
  #lead: Lead | null = null;
  #asking: { member: LeadMember; until: number }[] = [];
  #cancelGrace: (() => void) | undefined;
  #cancelAnswer: (() => void) | undefined;

  constructor(deps: LeadDeps) {
    this.#deps = deps;
  }

  get lead(): Lead | null {
    return this.#lead;
  }

  get asking(): Asking[] {
    return this.#asking.map(({ member, until }) => ({
      personId: member.id,
      name: member.user.displayName,
      until,
    }));
  }

  /** False when it is not theirs to take. */
  take(member: LeadMember): boolean {
    if (!member.mayChange) return false;
    if (this.#lead && this.#lead.userId !== member.user.id) return false;
    if (this.#lead?.personId === member.id) return true;
    this.#give(member, 'taken', member);
    return true;
  }

  /** Asks the lead; a free one is taken at once. */
  ask(member: LeadMember): boolean {
    if (!member.mayChange) return false;
    if (!this.#lead || this.#lead.userId === member.user.id) return this.take(member);
    if (this.#asking.some((a) => a.member.user.id === member.user.id)) return true;
    this.#asking.push({ member, until: this.#deps.now() + caseLimits.leadAnswerMs });
    this.#waitForAnswer();
    this.#deps.changed(undefined, member);
    return true;
  }

  withdraw(member: LeadMember): boolean {
    return this.#stopAsking((a) => a.member.id === member.id, member);
  }

  release(member: LeadMember): boolean {
    if (this.#lead?.userId !== member.user.id) return false;
    const next = this.#asking[0]?.member;
    if (next) this.#give(next, 'given', member);
    else this.#free('released', member);
    return true;
  }

  give(member: LeadMember, to: LeadMember): boolean {
    if (this.#lead?.userId !== member.user.id || !to.mayChange) return false;
    this.#give(to, 'given', member);
    return true;
  }

  decline(member: LeadMember, to: LeadMember): boolean {
    if (this.#lead?.userId !== member.user.id) return false;
    return this.#stopAsking((a) => a.member.user.id === to.user.id, member);
  }

  /** A connection came: a lead who was away is back. */
  came(member: LeadMember): void {
    if (!this.#lead || this.#lead.personId !== null) return;
    if (this.#lead.userId !== member.user.id || !member.mayChange) return;
    this.#cancelGrace?.();
    this.#lead = { ...this.#lead, personId: member.id };
    this.#deps.changed(undefined, member);
  }

  /** A connection has gone (it is no longer among the members). */
  left(member: LeadMember): void {
    this.#stopAsking((a) => a.member.id === member.id, member);
    if (this.#lead?.personId !== member.id) return;
    const other = [...this.#deps.members()].find((m) => m.user.id === member.user.id);
    this.#lead = { ...this.#lead, personId: other?.id ?? null };
    if (!other) {
      this.#cancelGrace = this.#deps.after(caseLimits.leadGraceMs, () => {
        const next = this.#asking[0]?.member;
        if (next) this.#give(next, 'passed_on', undefined);
        else this.#free('fell_free', undefined);
      });
    }
    this.#deps.changed(undefined, member);
  }

  close(): void {
    this.#cancelGrace?.();
    this.#cancelAnswer?.();
  }

  #give(to: LeadMember, change: LeadChange, by: LeadMember | undefined): void {
    this.#cancelGrace?.();
    this.#asking = this.#asking.filter((a) => a.member.user.id !== to.user.id);
    this.#lead = {
      userId: to.user.id,
      name: to.user.displayName,
      colour: to.colour,
      personId: to.id,
      // On another screen of the same person it is still the same lead.
      since: this.#lead?.userId === to.user.id ? this.#lead.since : this.#deps.now(),
    };
    // Who asked the one before now waits for the new one.
    const until = this.#deps.now() + caseLimits.leadAnswerMs;
    this.#asking = this.#asking.map(({ member }) => ({ member, until }));
    this.#waitForAnswer();
    this.#deps.changed(change, by);
  }

  #free(change: LeadChange, by: LeadMember | undefined): void {
    this.#cancelGrace?.();
    this.#cancelAnswer?.();
    this.#lead = null;
    this.#asking = [];
    this.#deps.changed(change, by);
  }

  #stopAsking(who: (a: { member: LeadMember }) => boolean, by: LeadMember): boolean {
    const rest = this.#asking.filter((a) => !who(a));
    if (rest.length === this.#asking.length) return false;
    this.#asking = rest;
    this.#waitForAnswer();
    this.#deps.changed(undefined, by);
    return true;
  }

  /** A lead who left the room with the tablet on must not hold up everybody: no answer is a yes. */
  #waitForAnswer(): void {
    this.#cancelAnswer?.();
    this.#cancelAnswer = undefined;
    const first = this.#asking[0];
    if (!first) return;
    this.#cancelAnswer = this.#deps.after(Math.max(0, first.until - this.#deps.now()), () =>
      this.#give(first.member, 'passed_on', undefined),
    );
  }
}
