import {
  type Job,
  type StructuresOfSeries,
  type StudyDetail,
  structuresOfSeries,
  studyDetail,
} from '@yuepian/contract';
import { useCallback, useEffect, useRef, useState } from 'react';
import { request, useEvents } from '../api/index.ts';

export interface OpenStudy {
  readonly study: StudyDetail | undefined;
  readonly error: unknown;
  readonly isDeleted: boolean;
  /** The newest job of each series. */
  readonly jobs: ReadonlyMap<string, Job>;
  /** The newest run of each network, and of each finding, on each series. */
  readonly modelJobs: ReadonlyMap<string, Job>;
  /** Asks again; the answer, or undefined where there is none or a later question took its place. */
  readonly reload: () => Promise<StudyDetail | undefined>;
}

const studyPath = (uid: string): string => `/api/studies/${encodeURIComponent(uid)}`;
const fetchStudy = (uid: string, signal: AbortSignal) =>
  request(studyDetail, studyPath(uid), { signal });

/** Asked for before the room is there; whoever opens it takes the answer, once. */
const ahead = new Map<string, Promise<StudyDetail | undefined>>();

/** A study that is about to be opened. A failure says nothing: the room asks again and tells. */
export function fetchStudyAhead(uid: string): Promise<StudyDetail | undefined> {
  const asked = fetch(studyPath(uid), { credentials: 'same-origin' }).then(
    async (r) => (r.ok ? studyDetail.safeParse(await r.json()).data : undefined),
    () => undefined,
  );
  ahead.set(uid, asked);
  return asked;
}

async function takeStudy(uid: string, signal: AbortSignal): Promise<StudyDetail> {
  const asked = ahead.get(uid);
  ahead.delete(uid);
  const study = await asked?.catch(() => undefined);
  signal.throwIfAborted();
  return study ?? fetchStudy(uid, signal);
}

/** A study, asked for again whenever the server says that something of it changed. */
export function useStudy(uid: string): OpenStudy {
  const [study, setStudy] = useState<StudyDetail>();
  const [error, setError] = useState<unknown>();
  const [isDeleted, setDeleted] = useState(false);
  const [jobs, setJobs] = useState<ReadonlyMap<string, Job>>(new Map());
  const [modelJobs, setModelJobs] = useState<ReadonlyMap<string, Job>>(new Map());
  const abort = useRef<AbortController>(undefined);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const structuresTimer = useRef<ReturnType<typeof setTimeout>>(undefined);

  const load = useCallback(async () => {
    abort.current?.abort();
    const mine = new AbortController();
    abort.current = mine;
    try {
      const next = await takeStudy(uid, mine.signal);
      setStudy(next);
      setError(undefined);
      // What the answer says of its jobs is newer than any event before it.
      const answered = new Set(next.series.flatMap((s) => (s.modelJob ? [keyOf(s.modelJob)] : [])));
      setModelJobs((old) => new Map([...old].filter(([key]) => !answered.has(key))));
      setJobs(
        new Map(next.series.flatMap((s) => jobOf(s.seriesInstanceUid, s.reconstruction.job))),
      );
      return next;
    } catch (problem) {
      if (!mine.signal.aborted) setError(problem);
      return undefined;
    }
  }, [uid]);
  useEffect(() => {
    void load();
    return () => {
      abort.current?.abort();
      clearTimeout(timer.current);
      clearTimeout(structuresTimer.current);
    };
  }, [load]);

  const soon = () => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => void load(), 150);
  };
  /** The structures of one series again; one request for the strokes of a moment. */
  const refresh = (series: string) => {
    clearTimeout(structuresTimer.current);
    structuresTimer.current = setTimeout(() => {
      request(structuresOfSeries, `/api/series/${encodeURIComponent(series)}/structures`)
        .then((found) => setStudy((old) => old && withStructures(old, series, found)))
        .catch(soon);
    }, 60);
  };
  useEvents((event) => {
    if (event.type === 'reconnected') {
      // What ended meanwhile was not heard.
      setModelJobs(new Map());
      soon();
    } else if (event.type === 'job') {
      if (event.job.studyInstanceUid !== uid) return;
      const { job } = event;
      if (job.kind === 'model') setModelJobs((old) => new Map(old).set(keyOf(job), job));
      else setJobs((old) => new Map(old).set(job.seriesInstanceUid, job));
      if (event.job.state !== 'running' && event.job.state !== 'queued') soon();
    } else if (event.studyInstanceUid !== uid) return;
    else if (event.type === 'study' && event.change === 'deleted') setDeleted(true);
    else if (event.type === 'edited') refresh(event.seriesInstanceUid);
    else soon();
  });
  return { study, error, isDeleted, jobs, modelJobs, reload: load };
}

/** Several networks may wait for one series. */
const keyOf = (job: Job): string => `${job.seriesInstanceUid} ${job.model?.id ?? ''}`;

/** Runs of networks and findings on a series, the newest word of each. */
export const modelJobsOf = (
  series: StudyDetail['series'][number] | undefined,
  heard: ReadonlyMap<string, Job>,
): readonly Job[] => {
  const mine = [...heard.values()].filter((j) => j.seriesInstanceUid === series?.seriesInstanceUid);
  const answered = series?.modelJob;
  return answered && !heard.has(keyOf(answered)) ? [answered, ...mine] : mine;
};

const withStructures = (
  study: StudyDetail,
  uid: string,
  found: StructuresOfSeries,
): StudyDetail => ({
  ...study,
  series: study.series.map((s) => (s.seriesInstanceUid === uid ? { ...s, ...found } : s)),
});

const jobOf = (uid: string, job: Job | undefined): [string, Job][] => (job ? [[uid, job]] : []);
