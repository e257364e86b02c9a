import { markId, type User } from '@yuepian/contract';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { text } from '../../i18n/index.ts';
import type { PointerSample } from '../../pointer/index.ts';
import { createStore } from '../../ui/index.ts';
import { Hands } from '../hands.ts';
import type { RoomState } from '../room-state.ts';
import { Islands } from './islands.ts';

const stored = new Map<string, string>();
beforeEach(() => {
  stored.clear();
  vi.stubGlobal('sessionStorage', {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => stored.set(key, value),
    removeItem: (key: string) => stored.delete(key),
  });
});
afterEach(() => vi.unstubAllGlobals());

const guest = (n: number) => `guest ${n}`;
function make(id = 'u1') {
  const port = { onTool: vi.fn(), dropDrafts: vi.fn(), left: vi.fn() };
  const me = { id, name: '陈医生', colour: '#56B4E9' };
  return { islands: new Islands({ me, ...port }), ...port };
}
const two = () => {
  const made = make();
  made.islands.add(guest);
  made.islands.add(guest);
  made.islands.placed('island-1', () => ({ left: 0, top: 0, right: 100, bottom: 900 }));
  made.islands.placed('island-2', () => ({ left: 1900, top: 0, right: 2000, bottom: 900 }));
  return made;
};

it('with none, no hand has a tool of its own', () => {
  const { islands } = make();
  expect(islands.isOut).toBe(false);
  expect(islands.handAt([10, 10])).toBeUndefined();
  expect(islands.handAt(undefined)).toBeUndefined();
});

it('the first belongs to whoever is signed in, the next to a guest in another colour', () => {
  const { islands } = two();
  const [first, second] = islands.state.get().islands;
  expect(first).toMatchObject({ name: '陈医生', colour: '#56b4e9', tool: 'navigate' });
  expect(second?.name).toBe('guest 2');
  expect(second?.colour).not.toBe(first?.colour);
  expect(second?.place).not.toEqual(first?.place);
});

it('each contact has the tool, the colour and the name of the nearest one', () => {
  const { islands } = two();
  islands.setTool('island-1', 'length');
  islands.setTool('island-2', 'ink');
  islands.change('island-2', { name: '李医生' });
  expect(islands.handAt([500, 400])).toMatchObject({ owner: 'island-1', tool: 'length' });
  const second = islands.handAt([1500, 400]);
  expect(second).toMatchObject({ owner: 'island-2', tool: 'ink', name: '李医生' });
  expect(second?.colour).not.toBe(islands.handAt([500, 400])?.colour);
});

it('a name that is still being typed is never an empty author', () => {
  const { islands } = two();
  islands.change('island-2', { name: '  ' });
  expect(islands.handAt([1500, 400])?.name).toBe(text().islands.guest(2));
  islands.change('island-2', { name: ' 李医生 ' });
  expect(islands.handAt([1500, 400])?.name).toBe('李医生');
});

it('taking a tool drops only what the same person has begun, and keys act on the last used', () => {
  const { islands, dropDrafts, onTool } = two();
  dropDrafts.mockClear();
  islands.setTool('island-1', 'angle');
  expect(dropDrafts.mock.calls).toEqual([['island-1']]);
  expect(onTool).toHaveBeenLastCalledWith('angle');
  islands.contactDown({ pointer: 4, island: 'island-2', at: [1500, 400] });
  islands.setActiveTool('ellipse');
  expect(islands.handAt(undefined)).toMatchObject({ owner: 'island-2', tool: 'ellipse' });
  expect(islands.handAt([0, 0])?.tool).toBe('angle');
  islands.contactUp(4);
  expect(islands.state.get().contacts).toEqual([]);
});

it('a tab opens with the islands it had, for the same account only', () => {
  two().islands.setTool('island-2', 'eraser');
  const again = make().islands.state.get().islands;
  expect(again.map((i) => i.tool)).toEqual(['navigate', 'eraser']);
  expect(make('u2').islands.isOut).toBe(false);
});

it('what was stored by something else is passed over, and an edit is not taken up again', () => {
  stored.set('yuepian.islands.u1', '[{"id":1}]');
  expect(make().islands.isOut).toBe(false);
  two().islands.setTool('island-1', 'edit');
  expect(make().islands.state.get().islands[0]?.tool).toBe('navigate');
});

it('takes back the newest mark of one island that is still there', () => {
  const { islands } = two();
  const [a, b, c] = ['a', 'b', 'c'].map((id) => markId.parse(id));
  if (!a || !b || !c) throw new Error('no ids');
  islands.made('island-1', a);
  islands.made('island-2', b);
  islands.made('island-1', c);
  expect(islands.lastMade('island-1', () => true)).toBe(c);
  expect(islands.lastMade('island-1', (id) => id !== c)).toBe(a);
  expect(islands.lastMade('island-2', () => true)).toBe(b);
  expect(islands.lastMade('island-2', () => false)).toBeUndefined();
});

it('a guest who gets the id of one that left begins anew', () => {
  const { islands, left } = two();
  const state = createStore<RoomState>({ tool: 'navigate' } as RoomState);
  const hands = new Hands(state, { id: 'u1', colour: '#56b4e9' } as User);
  left.mockImplementation((owner: string) => hands.forget(owner));
  islands.setTool('island-2', 'ink');
  hands.toolFor = () => islands.handAt([1500, 400]);
  const of = (role: PointerSample['role']) => hands.handOf({ role } as PointerSample, 'axial');
  of('pen');
  expect(of('finger').mayMark).toBe(false);
  islands.close('island-2');
  islands.add(guest);
  expect(of('finger')).toMatchObject({ owner: 'island-2', mayMark: true });
});

it('when the last one is closed, the hand is as before', () => {
  const { islands, onTool } = two();
  islands.setTool('island-1', 'ink');
  islands.close('island-1');
  expect(islands.isOut).toBe(true);
  islands.close('island-2');
  expect(islands.isOut).toBe(false);
  expect(onTool).toHaveBeenLastCalledWith('navigate');
});
