import { expect, it } from 'vitest';
import type { DrawingTool } from '../kinds.ts';
import { testEditor, testSample } from '../testing.ts';

const other = { space: 'patient', frameOfReferenceUid: '9.9', isSlice: true } as const;

it('a length begun by a click on one image does not end on another', () => {
  const { editor, writes, shown } = testEditor('length');
  editor.begin(testSample(100, 100))?.end(testSample(100, 100));
  expect(editor.isDrafting).toBe(true);
  shown.place = other;
  editor.begin(testSample(200, 200))?.end(testSample(200, 200));
  expect(writes).toEqual([]);
  // That click began a mark of its own, on the image where it was.
  editor.begin(testSample(300, 200))?.end(testSample(300, 200));
  expect(writes).toEqual(['add length']);
});

it.each<DrawingTool>(['length', 'freehand', 'ink'])(
  'a %s dragged from one image to another is no mark',
  (tool) => {
    const { editor, writes, shown } = testEditor(tool);
    const stroke = editor.begin(testSample(100, 100));
    stroke?.move(testSample(150, 100));
    stroke?.move(testSample(150, 150));
    shown.place = undefined;
    stroke?.move(testSample(200, 150));
    shown.place = other;
    stroke?.end(testSample(200, 200));
    expect(writes).toEqual([]);
    expect(editor.drafts()).toEqual([]);
  },
);

it('what was begun is dropped when another image is shown', () => {
  const { editor, writes } = testEditor('length');
  editor.begin(testSample(100, 100))?.end(testSample(100, 100));
  expect(editor.drop()).toBe(true);
  expect(editor.drafts()).toEqual([]);
  expect(writes).toEqual([]);
});
