import { type User, userId } from '@yuepian/contract';
import { expect, test } from 'vitest';
import type { Actor } from '../http/index.ts';
import { Tickets, ticketLifeMs } from './tickets.ts';

const user: User = {
  id: userId.parse('u1'),
  name: 'chen',
  displayName: 'Chen',
  role: 'doctor',
  colour: '#5aa9e6',
};
const actor: Actor = { user, via: 'session', sessionId: 's1', address: '127.0.0.1' };

test('a ticket works once, for its object, in its time', () => {
  let now = 1_000;
  const tickets = new Tickets(() => now);
  const { ticket } = tickets.issue(actor, 'case/1');
  expect(tickets.redeem('made-up', 'case/1')).toBeUndefined();
  expect(tickets.redeem(ticket, 'case/1')).toBe(actor);
  expect(tickets.redeem(ticket, 'case/1')).toBeUndefined();

  const other = tickets.issue(actor, 'case/1').ticket;
  expect(tickets.redeem(other, 'case/2')).toBeUndefined();
  expect(tickets.redeem(other, 'case/1')).toBeUndefined();

  const late = tickets.issue(actor, 'case/1').ticket;
  now += ticketLifeMs;
  expect(tickets.redeem(late, 'case/1')).toBeUndefined();
});

test('tickets end with the session', () => {
  const tickets = new Tickets();
  const mine = tickets.issue(actor, 'case/1').ticket;
  const others = tickets.issue({ ...actor, sessionId: 's2' }, 'case/1').ticket;
  tickets.end((a) => a.sessionId === 's1');
  expect(tickets.redeem(mine, 'case/1')).toBeUndefined();
  expect(tickets.redeem(others, 'case/1')).toBeDefined();
});
