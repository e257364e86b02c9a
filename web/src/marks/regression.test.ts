import { describe, expect, it } from 'vitest';
import { linesOf } from './format.ts';
import { testEditor, testMark, testSample } from './testing.ts';
import { valuesOf } from './values.ts';

/**
 * Cached measurement values went stale under simultaneous edits elsewhere: 12.9 mm were shown for a
 * line of 155.1 mm. Here a value is a function of the points, so every edit shows at once.
 */
describe('a label never goes stale', () => {
  it('shows each of several lines right while all are edited at the same time', () => {
    const { editor, marks } = testEditor(undefined);
    const ids = [0, 1, 2, 3].map((n) => {
      const mark = testMark(
        'length',
        [
          [-150, n * 30 - 45, 0],
          [-137, n * 30 - 45, 0],
        ],
        `line${n}`,
      );
      marks.set(mark.id, mark);
      return mark.id;
    });
    const strokes = ids.map((_, n) =>
      editor.begin(testSample(126, 300 + (n * 30 - 45) * 2, n + 1)),
    );
    for (let step = 1; step <= 40; step++) {
      strokes.forEach((s, n) => {
        s?.move(testSample(126 + step * (n + 2), 300 + (n * 30 - 45) * 2, n + 1));
      });
    }
    strokes.forEach((s, n) => {
      s?.end(testSample(126 + 40 * (n + 2), 300 + (n * 30 - 45) * 2, n + 1));
    });
    const shown = ids.map((id) => {
      const mark = marks.get(id);
      return mark ? linesOf(valuesOf(mark, { volume: undefined, unit: '' }), 'en')[0] : '';
    });
    expect(shown).toEqual(['53.0 mm', '73.0 mm', '93.0 mm', '113.0 mm']);
  });
});
