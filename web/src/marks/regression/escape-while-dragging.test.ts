import { expect, it } from 'vitest';
import type { DrawingTool } from '../kinds.ts';
import { testEditor, testMark, testSample } from '../testing.ts';

it.each<DrawingTool>(['length', 'ellipse', 'freehand', 'ink', 'highlighter'])(
  'Escape drops a %s that is being dragged, whatever the pointer does after it',
  (tool) => {
    const { editor, writes } = testEditor(tool);
    const stroke = editor.begin(testSample(100, 100));
    stroke?.move(testSample(150, 100));
    stroke?.move(testSample(150, 150));
    expect(editor.cancel()).toBe(true);
    stroke?.move(testSample(200, 150));
    stroke?.move(testSample(200, 200));
    expect(editor.drafts()).toEqual([]);
    stroke?.end(testSample(200, 200));
    expect(writes).toEqual([]);
    expect(editor.cancel()).toBe(false);
  },
);

it('Escape leaves a mark where it was before it was dragged', () => {
  const { editor, marks, writes } = testEditor(undefined);
  const mark = testMark('length', [
    [0, 0, 0],
    [40, 0, 0],
  ]);
  marks.set(mark.id, mark);
  const stroke = editor.begin(testSample(400, 300));
  stroke?.move(testSample(400, 340));
  editor.cancel();
  stroke?.end(testSample(400, 360));
  expect(writes).toEqual([]);
  expect(marks.get(mark.id)).toEqual(mark);
});

it('a wet line goes from every screen when it is dropped', () => {
  const told: string[] = [];
  const { editor } = testEditor('ink', undefined, undefined, {
    begin: () => ({
      move: () => told.push('move'),
      end: () => told.push('end'),
      cancel: () => told.push('cancel'),
    }),
  });
  const stroke = editor.begin(testSample(100, 100));
  editor.cancel();
  stroke?.end(testSample(120, 100));
  expect(told).toEqual(['move', 'cancel']);
});
