import { ctAbdomen } from '@yuepian/phantom';
import { describe, expect, it } from 'vitest';
import { dice } from '../testing.ts';
import { segment } from './segment.ts';

describe('the synthetic patient', () => {
  it('has the skin, bone and lungs that its shapes say', async () => {
    // Coarse, to be quick; docs/accuracy.md has the full grid.
    const { volume, labelMap } = ctAbdomen({ size: 144, slices: 110 });
    const found = await segment(volume, { modality: 'CT' });
    const score = (key: string): number => {
      const labels = (map: typeof found) =>
        new Set(map.segments.find((s) => s.key === key)?.labels);
      const [a, b] = [labels(found), labels(labelMap)];
      return dice(
        (i) => a.has(found.data[i] as number),
        (i) => b.has(labelMap.data[i] as number),
        found.data.length,
      );
    };
    expect(score('skin')).toBeGreaterThan(0.99);
    expect(score('bone')).toBeGreaterThan(0.85);
    expect(score('lung_left')).toBeGreaterThan(0.97);
    expect(score('lung_right')).toBeGreaterThan(0.97);
  });
});
