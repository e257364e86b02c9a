import { caseLimits, type PersonId, personId, type User, userId } from '@yuepian/contract';
import { describe, expect, test } from 'vitest';
import { Bucket } from './bucket.ts';
import { type LeadChange, Leadership, type LeadMember } from './lead.ts';

const user = (name: string): User => ({
  id: userId.parse(name),
  name,
  displayName: `Dr ${name}`,
  role: 'doctor',
  colour: '#5aa9e6',
});
const member = (id: string, name = id, mayChange = true): LeadMember => ({
  id: personId.parse(id),
  user: user(name),
  colour: '#56b4e9',
  mayChange,
});

/** A room with a clock that is moved by hand. */
function room(...here: LeadMember[]) {
  const members = new Map<PersonId, LeadMember>(here.map((m) => [m.id, m]));
  const changes: (LeadChange | undefined)[] = [];
  let now = 0;
  let timers: { at: number; callback: () => void }[] = [];
  const lead = new Leadership({
    members: () => members.values(),
    changed: (change) => changes.push(change),
    now: () => now,
    after: (ms, callback) => {
      const timer = { at: now + ms, callback };
      timers.push(timer);
      return () => {
        timers = timers.filter((t) => t !== timer);
      };
    },
  });
  return {
    lead,
    changes: () => changes.filter((c) => c !== undefined),
    pass: (ms: number) => {
      now += ms;
      for (const timer of timers.filter((t) => t.at <= now)) {
        timers = timers.filter((t) => t !== timer);
        timer.callback();
      }
    },
    leave: (m: LeadMember) => {
      members.delete(m.id);
      lead.left(m);
    },
    come: (m: LeadMember) => {
      members.set(m.id, m);
      lead.came(m);
    },
  };
}

const [ann, bob, eve] = [member('ann'), member('bob'), member('eve', 'eve', false)];

describe('the lead', () => {
  test('is taken when free, kept from others, and let go', () => {
    const { lead, changes } = room(ann, bob);
    expect(lead.take(ann)).toBe(true);
    expect(lead.take(bob)).toBe(false);
    expect(lead.release(bob)).toBe(false);
    expect(lead.lead?.personId).toBe('ann');
    expect(lead.release(ann)).toBe(true);
    expect(lead.lead).toBeNull();
    expect(changes()).toEqual(['taken', 'released']);
  });

  test('cannot be held by an observer', () => {
    const { lead } = room(ann, eve);
    expect(lead.take(eve)).toBe(false);
    expect(lead.ask(eve)).toBe(false);
    lead.take(ann);
    expect(lead.give(ann, eve)).toBe(false);
    expect(lead.lead?.personId).toBe('ann');
  });

  test('is handed over, asked for and declined', () => {
    const { lead } = room(ann, bob);
    lead.take(ann);
    expect(lead.ask(bob)).toBe(true);
    expect(lead.asking).toMatchObject([{ personId: 'bob', name: 'Dr bob' }]);
    expect(lead.decline(bob, bob)).toBe(false);
    expect(lead.decline(ann, bob)).toBe(true);
    expect(lead.asking).toEqual([]);
    expect(lead.lead?.personId).toBe('ann');
    expect(lead.give(ann, bob)).toBe(true);
    expect(lead.lead?.personId).toBe('bob');
  });

  test('passes to who asked when the lead does not answer, and to the first in line', () => {
    const carl = member('carl');
    const { lead, pass, changes } = room(ann, bob, carl);
    lead.take(ann);
    lead.ask(bob);
    pass(caseLimits.leadAnswerMs - 1);
    lead.ask(carl);
    expect(lead.lead?.personId).toBe('ann');
    pass(1);
    expect(lead.lead?.personId).toBe('bob');
    // Carl now waits for Bob, the whole time again.
    pass(caseLimits.leadAnswerMs - 1);
    expect(lead.lead?.personId).toBe('bob');
    lead.withdraw(carl);
    pass(caseLimits.leadAnswerMs);
    expect(lead.lead?.personId).toBe('bob');
    expect(changes()).toEqual(['taken', 'passed_on']);
  });

  test('survives a reload, and falls free when its person stays away', () => {
    const { lead, pass, leave, come } = room(ann, bob);
    lead.take(ann);
    leave(ann);
    expect(lead.lead).toMatchObject({ userId: 'ann', personId: null });
    pass(caseLimits.leadGraceMs - 1);
    come(member('ann-again', 'ann'));
    expect(lead.lead?.personId).toBe('ann-again');
    pass(caseLimits.leadGraceMs);
    expect(lead.lead?.personId).toBe('ann-again');
    leave(member('ann-again', 'ann'));
    pass(caseLimits.leadGraceMs);
    expect(lead.lead).toBeNull();
  });

  test('goes on from another screen of the same person', () => {
    const tablet = member('tablet', 'ann');
    const { lead, leave } = room(ann, tablet, bob);
    lead.take(ann);
    leave(ann);
    expect(lead.lead?.personId).toBe('tablet');
    expect(lead.take(tablet)).toBe(true);
  });
});

test('a bucket lets a burst through and then its rate', () => {
  const bucket = new Bucket(10, 3, 0);
  expect([1, 1, 1, 1].map((n) => bucket.tryTake(n, 0))).toEqual([true, true, true, false]);
  expect(bucket.tryTake(1, 100)).toBe(true);
  expect(bucket.tryTake(1, 150)).toBe(false);
  // Into debt: two tokens missing at 10 a second.
  expect(new Bucket(10, 3, 0).take(5, 0)).toBe(200);
  expect(new Bucket(10, 3, 0).take(3, 0)).toBe(0);
});
