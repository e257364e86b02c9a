import { expect, it } from 'vitest';
import { createStore } from './store.ts';

it('tells listeners about a change and keeps quiet without one', () => {
  const store = createStore({ tool: 'navigate', zoom: 1 });
  let calls = 0;
  const stop = store.subscribe(() => calls++);
  const before = store.get();
  store.set({ zoom: 1 });
  expect(calls).toBe(0);
  expect(store.get()).toBe(before);
  store.set((s) => ({ zoom: s.zoom + 1 }));
  expect(store.get()).toEqual({ tool: 'navigate', zoom: 2 });
  expect(before.zoom).toBe(1);
  stop();
  store.set({ zoom: 9 });
  expect(calls).toBe(1);
});

it('lets a listener leave while it is being told', () => {
  const store = createStore({ n: 0 });
  const seen: string[] = [];
  const stop = store.subscribe(() => {
    seen.push('first');
    stop();
  });
  store.subscribe(() => seen.push('second'));
  store.set({ n: 1 });
  store.set({ n: 2 });
  expect(seen).toEqual(['first', 'second', 'second']);
});
