import { seriesInstanceUid, studyInstanceUid } from '@yuepian/contract';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ArchiveEvents, ArrivalWatch } from './events.ts';

const study = studyInstanceUid.parse('1.2');
const series = seriesInstanceUid.parse('1.2.3');

let watch: ArrivalWatch;
let seen: string[];
beforeEach(() => {
  vi.useFakeTimers();
  seen = [];
  const events = new ArchiveEvents((error) => {
    throw error;
  });
  events.on('seriesArriving', () => seen.push('arriving'));
  events.on('seriesSettled', () => seen.push('settled'));
  watch = new ArrivalWatch(events);
});
afterEach(() => {
  watch.close();
  vi.useRealTimers();
});

/** Instances with this pause before each, in ms. */
function arrive(...pauses: number[]): void {
  for (const pause of pauses) {
    vi.advanceTimersByTime(pause);
    watch.stored(study, series, false);
  }
}

describe('a series that arrives', () => {
  it('is complete when nothing came for a while', () => {
    arrive(0, 100, 100);
    vi.advanceTimersByTime(699);
    expect(seen).toEqual(['arriving']);
    expect(watch.isArriving(series)).toBe(true);
    vi.advanceTimersByTime(1);
    expect(seen).toEqual(['arriving', 'settled']);
    expect(watch.isArriving(series)).toBe(false);
  });

  it('is waited for longer only when it was taken for complete too early', () => {
    arrive(0, 600, 600);
    vi.advanceTimersByTime(700);
    expect(seen).toEqual(['arriving', 'settled']);
    arrive(200);
    vi.advanceTimersByTime(2699);
    expect(seen).toEqual(['arriving', 'settled', 'arriving']);
    vi.advanceTimersByTime(1);
    expect(seen).toHaveLength(4);
  });

  it('from a sender of an instance a second is taken for complete too early only once', () => {
    arrive(0, ...Array.from({ length: 60 }, () => 1000));
    vi.advanceTimersByTime(5000);
    expect(seen).toEqual(['arriving', 'settled', 'arriving', 'settled']);
  });

  it('is not waited for longer than five seconds, and begins anew after a quarter of a minute', () => {
    arrive(0, 4000);
    vi.advanceTimersByTime(4999);
    expect(seen).toEqual(['arriving', 'settled', 'arriving']);
    vi.advanceTimersByTime(1);
    expect(seen).toHaveLength(4);
    arrive(15_000);
    vi.advanceTimersByTime(700);
    expect(seen).toHaveLength(6);
  });

  it('is not complete while an instance of it is being written', () => {
    arrive(0);
    {
      using _ = watch.filing(series);
      vi.advanceTimersByTime(60_000);
      expect(seen).toEqual(['arriving']);
    }
    vi.advanceTimersByTime(700);
    expect(seen).toEqual(['arriving', 'settled']);
  });

  it('is not spoken of any more once it is deleted', () => {
    arrive(0);
    watch.deleted(study, [series]);
    vi.advanceTimersByTime(60_000);
    expect(seen).toEqual(['arriving']);
  });
});
