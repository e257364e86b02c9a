import { canvasPoint } from '@yuepian/geometry';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Replay } from '../case/index.ts';
import type { View } from '../engine/index.ts';
import type { PointerSample } from '../pointer/index.ts';
import { gesturesOf } from './gestures.ts';
import type { Room } from './room.ts';
import { RoomMeeting } from './room-meeting.ts';

beforeEach(() => {
  for (const name of ['addEventListener', 'removeEventListener', 'cancelAnimationFrame']) {
    vi.stubGlobal(name, () => undefined);
  }
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

const sample: PointerSample = {
  id: 1,
  role: 'mouse',
  at: canvasPoint(10, 10),
  buttons: 1,
  shift: false,
  control: false,
  pressure: 0.5,
  time: 0,
};

/** @returns whether a press with a brush in hand was given to the models' desk as its tool's. */
function isBrushAtWork(mayAnnotate: boolean): boolean {
  const begin = vi.fn(() => ({ move() {}, end() {}, cancel() {} }));
  const room = {
    state: { set: () => undefined },
    hands: { handOf: () => ({ owner: 'u1', tool: 'edit', colour: '#56b4e9', mayMark: true }) },
    islands: { isOut: false },
    models: { begin },
    mayAnnotate,
  };
  const view = { kind: 'axial' } as unknown as View;
  gesturesOf(room as unknown as Room, view, () => false).begin(sample);
  return (begin.mock.calls as unknown[][]).some(([, , hasTool]) => hasTool === true);
}

test('a brush in hand changes structures in the present, and none while the past is shown', () => {
  expect(isBrushAtWork(true)).toBe(true);
  expect(isBrushAtWork(false)).toBe(false);
});

/** A room with a brush in hand and two islands out, as far as a replay touches it. */
function openRoom() {
  const stop = () => () => undefined;
  let state: { replay?: Replay | undefined } = {};
  const done: string[] = [];
  const room = {
    connection: {
      live: {
        onLeadView: stop,
        state: { subscribe: stop, get: () => ({ follow: 'free' }) },
      },
    },
    hands: { connect: stop },
    views: { onMoved: stop, dropDrafts: () => undefined },
    content: { subscribe: stop, setOverlay: () => undefined, setSource: () => undefined },
    state: {
      subscribe: stop,
      get: () => state,
      set: (patch: object) => {
        state = { ...state, ...patch };
      },
    },
    models: {
      isHandTaken: false,
      cancel: () => done.push('cancel'),
      finish: () => done.push('finish'),
    },
    islands: {
      isOut: true,
      state: { get: () => ({ active: 'island-2' }) },
      activate: (id: string) => done.push(id),
    },
    settle: () => undefined,
  };
  const replay = {
    state: { subscribe: stop, get: () => ({ document: {}, view: undefined, isPlaying: false }) },
    timeline: { duration: 1 },
    seek: () => undefined,
    close: () => done.push('closed'),
  } as unknown as Replay;
  return { meeting: new RoomMeeting(room as unknown as Room), done, replay, get: () => state };
}

test('a replay takes the tools of structures out of every hand, and gives the islands theirs back', async () => {
  const { meeting, done, replay } = openRoom();
  vi.spyOn(Replay, 'open').mockResolvedValue(replay);
  await meeting.openReplay();
  expect(done).toEqual(['cancel', 'finish']);
  meeting.closeReplay();
  expect(done.slice(2)).toEqual(['island-2', 'closed']);
});

test('a replay that arrives when the room is gone is closed and not shown', async () => {
  const { meeting, done, replay, get } = openRoom();
  const opened = Promise.withResolvers<Replay>();
  const open = vi.spyOn(Replay, 'open').mockReturnValue(opened.promise);
  const opening = meeting.openReplay();
  meeting.close();
  expect(open.mock.calls[0]?.[1]?.signal?.aborted).toBe(true);
  opened.resolve(replay);
  await opening;
  expect(done).toEqual(['closed']);
  expect(get().replay).toBeUndefined();
});
