import {
  findingOfKey,
  type Job,
  type SeriesDetail,
  type Structure,
  type StructureLook,
} from '@yuepian/contract';
import { useEffect, useRef } from 'react';
import { startFinding } from './api.ts';
import { plainKeyOf } from './parts/parts.ts';

/** So that what lies in a kidney is seen. */
const translucent = 0.35;

/**
 * Starts what can be made from a structure. Where this window started it, what it was made from makes
 * room once the result is there: the kidney becomes translucent, and a bone that somebody has said is to
 * be seen is hidden (else it makes room by itself, see `firstLook`). An act like any other: undo takes
 * it back.
 */
export function useFinding(
  series: Pick<SeriesDetail, 'structureSets'> | undefined,
  structures: readonly Structure[],
  jobs: readonly Job[],
  lookOf: (of: Structure) => StructureLook,
  onLook: (keys: readonly string[], patch: Partial<StructureLook>) => void,
): (of: Structure) => Promise<void> {
  const started = useRef<{ readonly job: string; readonly of: string }>(undefined);
  useEffect(() => {
    const mine = started.current;
    if (!mine || jobs.find((j) => j.id === mine.job)?.state !== 'done') return;
    const set = series?.structureSets.find((s) => s.of === mine.of);
    const of = structures.find((s) => s.id === mine.of);
    if (!set?.complete || !of) return;
    started.current = undefined;
    if (set.structures.length === 0) return;
    const isBone = findingOfKey(plainKeyOf(of.key)) === 'bones';
    if (!isBone) onLook([of.key], { opacity: translucent });
    else if (lookOf(of).visible) onLook([of.key], { visible: false });
  }, [jobs, series, structures, lookOf, onLook]);
  return async (of) => {
    const { id } = await startFinding(of.id);
    started.current = { job: id, of: of.id };
  };
}
