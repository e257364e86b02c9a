import type { Structure } from '@yuepian/contract';
import { expect, test } from 'vitest';
import { changedOf } from './lead-view.ts';

test('the look of the last of many structures is told as that of the first', () => {
  const structures = Array.from({ length: 400 }, (_, n) => ({ key: `s${n}` }) as Structure);
  const looks = { s0: { visible: false }, s399: { visible: false } };
  expect(changedOf(structures, looks).map((s) => s.key)).toEqual(['s0', 's399']);
  const all = Object.fromEntries(structures.map((s) => [s.key, { visible: false }]));
  expect(changedOf(structures, all)).toHaveLength(300);
});
