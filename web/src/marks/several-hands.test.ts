import { describe, expect, it } from 'vitest';
import type { MarkEditor } from './editor.ts';
import type { DrawingTool } from './kinds.ts';
import { testEditor, testSample } from './testing.ts';

/** Two people at one board: the left half is one's, the right half the other's. */
function board(left: DrawingTool, right: DrawingTool) {
  return testEditor((s) => ({
    owner: s.at[0] < 400 ? 'left' : 'right',
    tool: s.at[0] < 400 ? left : right,
    colour: '#4fd1c5',
  }));
}
function click(editor: MarkEditor, x: number, y: number): void {
  const sample = testSample(x, y, x < 400 ? 1 : 2);
  editor.begin(sample)?.end(sample);
}
const ends = (editor: MarkEditor) => editor.drafts().map((m) => m.points.at(-1)?.slice(0, 2));

describe('several hands in one view', () => {
  it('a hovering hand moves the waiting end of its own mark only', () => {
    const { editor } = board('angle', 'angle');
    click(editor, 100, 100);
    click(editor, 700, 100);
    editor.hover(testSample(200, 300));
    expect(ends(editor)).toEqual([
      [-100, 0],
      [150, -100],
    ]);
    editor.hover(testSample(600, 500));
    expect(ends(editor)).toEqual([
      [-100, 0],
      [100, 100],
    ]);
  });

  it("Escape of one drops that person's drafts, down or waiting, and nobody else's", () => {
    const { editor, marks, writes } = board('polygon', 'ink');
    click(editor, 100, 100);
    click(editor, 150, 100);
    const stroke = editor.begin(testSample(600, 100, 2));
    stroke?.move(testSample(640, 140, 2));
    expect(editor.cancel('left')).toBe(true);
    expect(editor.cancel('left')).toBe(false);
    stroke?.end(testSample(680, 180, 2));
    expect(writes).toEqual(['add ink']);

    click(editor, 100, 100);
    const other = editor.begin(testSample(600, 300, 2));
    expect(editor.cancel('right')).toBe(true);
    other?.move(testSample(640, 340, 2));
    other?.end(testSample(640, 340, 2));
    expect(marks.size).toBe(1);
    expect(editor.drafts().map((m) => m.kind)).toEqual(['polygon']);
    expect(editor.cancel()).toBe(true);
    expect(editor.drafts()).toEqual([]);
  });
});
