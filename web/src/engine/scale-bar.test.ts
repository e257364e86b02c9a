import { expect, it } from 'vitest';
import { scaleBar } from './scale-bar.ts';

it('is a round length that fits', () => {
  expect(scaleBar(0.5, 160)).toEqual({ mm: 50, pixels: 100, label: '5 cm' });
  expect(scaleBar(0.01, 160)).toMatchObject({ mm: 1, pixels: 100, label: '1 mm' });
  expect(scaleBar(0.001, 160)?.label).toBe('0.1 mm');
  expect(scaleBar(2, 160)?.label).toBe('20 cm');
  for (let k = 0.003; k < 5; k *= 1.07) {
    const bar = scaleBar(k, 160);
    expect(bar?.pixels).toBeLessThanOrEqual(160 + 1e-9);
    expect(bar?.pixels).toBeGreaterThan(60);
    expect((bar?.pixels ?? 0) * k).toBeCloseTo(bar?.mm ?? -1, 9);
  }
});

it('says nothing where no millimetre can be trusted', () => {
  expect(scaleBar(Number.NaN)).toBeUndefined();
  expect(scaleBar(0)).toBeUndefined();
});
