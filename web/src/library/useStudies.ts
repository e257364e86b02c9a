import type { Job, StudySummary } from '@yuepian/contract';
import { useCallback, useEffect, useRef, useState } from 'react';
import { useEvents } from '../api/index.ts';
import { listStudies, pageSize, type SortOrder, type StudyList } from './api.ts';

export interface Studies {
  readonly studies: readonly StudySummary[] | undefined;
  readonly total: number;
  readonly error: unknown;
  readonly jobs: ReadonlyMap<string, Job>;
  readonly more: () => void;
  readonly reload: () => void;
}

/** The list as the server has it, kept fresh by its events. */
export function useStudies(q: string, sort: SortOrder): Studies {
  const [limit, setLimit] = useState(pageSize);
  const [answer, setAnswer] = useState<StudyList>();
  const [error, setError] = useState<unknown>();
  const [jobs, setJobs] = useState<ReadonlyMap<string, Job>>(new Map());
  const abort = useRef<AbortController>(undefined);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);

  const load = useCallback(async () => {
    abort.current?.abort();
    const mine = new AbortController();
    abort.current = mine;
    try {
      const next = await listStudies({ q, sort, limit }, mine.signal);
      setAnswer(next);
      setError(undefined);
    } catch (problem) {
      if (!mine.signal.aborted) setError(problem);
    }
  }, [q, sort, limit]);
  useEffect(() => {
    void load();
    return () => abort.current?.abort();
  }, [load]);

  // An import sends an event for each instance; asking again a few times a second is enough.
  const soon = useCallback(() => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => void load(), 250);
  }, [load]);
  useEffect(() => () => clearTimeout(timer.current), []);
  useEvents((event) => {
    if (event.type === 'job') {
      setJobs((old) => new Map(old).set(event.job.studyInstanceUid, event.job));
      if (event.job.state === 'done') soon();
    } else soon();
  });

  return {
    studies: answer?.studies,
    total: answer?.total ?? 0,
    error,
    jobs,
    more: () => setLimit((n) => n + pageSize),
    reload: () => void load(),
  };
}
