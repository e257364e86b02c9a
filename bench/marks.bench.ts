import { median, percentile, print } from './figure.ts';
import { openMarksPage } from './marks-bench.ts';

const screen = { width: 1920, height: 1080 };

/** What 1,000 marks cost in a view of 1920×1080 while it scrolls, and a hit-test among them. */
export default async function marks(): Promise<void> {
  await using bench = await openMarksPage();
  const page = await bench.page(screen);
  const frames = (count: number, by: 'scroll' | 'pan') =>
    page.evaluate(([n, how]) => window.marksHarness.frames(n, how), [count, by] as const);
  const fill = (count: number, kind: 'spread' | 'one') =>
    page.evaluate(([n, how]) => window.marksHarness.fill(n, how), [count, kind] as const);
  await frames(20, 'scroll');

  const measure = async (kind: 'spread' | 'one', by: 'scroll' | 'pan') => {
    const [without, withMarks, script]: [number[], number[], number[]] = [[], [], []];
    // In turn, so that whatever else the machine does falls on both.
    for (let round = 0; round < 3; round++) {
      await fill(0, kind);
      without.push(...(await frames(16, by)).frame.slice(4));
      await fill(1000, kind);
      const result = await frames(16, by);
      withMarks.push(...result.frame.slice(4));
      script.push(...result.script.slice(4));
    }
    return { without: median(without), withMarks: median(withMarks), script };
  };
  for (const [kind, by, what] of [
    ['spread', 'scroll', '1,000 marks over 120 slices, scrolling'],
    ['one', 'pan', '1,000 marks on the one slice shown, panning'],
  ] as const) {
    const { without, withMarks, script } = await measure(kind, by);
    const name = kind === 'spread' ? 'marks' : 'marks.one-slice';
    const note = `${what}, ${screen.width}×${screen.height}, software GL, pixels read back`;
    print({ name: `${name}.script`, value: median(script), unit: 'ms', n: script.length, note });
    print({
      name: `${name}.script-p95`,
      value: percentile(script, 0.95),
      unit: 'ms',
      n: script.length,
      note,
    });
    print({
      name: `${name}.frame-more`,
      value: (withMarks / without - 1) * 100,
      unit: '%',
      n: script.length,
      note: `${note}; ${without.toFixed(1)} ms without, ${withMarks.toFixed(1)} ms with`,
    });
  }
  const hits = await page.evaluate(() => window.marksHarness.hits(2000));
  print({
    name: 'marks.hit-test',
    value: hits,
    unit: 'ms',
    n: 2000,
    note: '1,000 marks on the one slice shown, mean',
  });
}
