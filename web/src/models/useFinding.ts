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

/** A search that this window has started. */
export interface Started {
  readonly job: string;
  readonly of: string;
  /** Whether the whole was seen when its parts were listed; undefined before they are. */
  wasSeen?: boolean;
}

/**
 * Whether the whole is hidden now that its parts are there. What somebody shows after they came is what
 * they want to see: the end of the job, told a moment later, must not take it away again. To be called
 * with every news: it keeps in `started` what was seen when the parts were listed.
 */
export function makesRoom(
  started: Started,
  now: { readonly isListed: boolean; readonly isDone: boolean; readonly isSeen: boolean },
): boolean {
  if (now.isListed) started.wasSeen ??= now.isSeen;
  return now.isDone && now.isListed && started.wasSeen === true && now.isSeen;
}

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
  const started = useRef<Started>(undefined);
  useEffect(() => {
    const mine = started.current;
    const of = mine && structures.find((s) => s.id === mine.of);
    if (!of) return;
    const set = series?.structureSets.find((s) => s.of === mine.of);
    const isListed = set?.complete === true;
    const isDone = jobs.find((j) => j.id === mine.job)?.state === 'done';
    const hides = makesRoom(mine, { isListed, isDone, isSeen: lookOf(of).visible });
    if (!isListed || !isDone) return;
    started.current = undefined;
    if (set.structures.length === 0) return;
    const isBone = findingOfKey(plainKeyOf(of.key)) === 'bones';
    if (!isBone) onLook([of.key], { opacity: translucent });
    else if (hides) onLook([of.key], { visible: false });
  }, [jobs, series, structures, lookOf, onLook]);
  return async (of) => {
    const { id } = await startFinding(of.id);
    started.current = { job: id, of: of.id };
  };
}
