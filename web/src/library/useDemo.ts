import { type DemoState, demoState } from '@yuepian/contract';
import { useCallback, useEffect, useState } from 'react';
import { request } from '../api/index.ts';

/** Often enough to tell a failure soon; the studies themselves are announced by events. */
const pollMs = 2_000;

export interface DemoPatients {
  readonly state: DemoState['state'];
  /** Why asking for them went wrong. */
  readonly error: unknown;
  readonly ask: () => void;
}

/** Whether the server is making its synthetic patients, and how to ask for them. */
export function useDemo(): DemoPatients {
  const [state, setState] = useState<DemoState['state']>('idle');
  const [error, setError] = useState<unknown>();
  const load = useCallback(async (method: 'GET' | 'POST') => {
    try {
      setState((await request(demoState, '/api/demo', { method })).state);
      setError(undefined);
    } catch (problem) {
      setError(problem);
    }
  }, []);
  useEffect(() => void load('GET'), [load]);
  useEffect(() => {
    if (state !== 'running') return;
    const timer = setInterval(() => void load('GET'), pollMs);
    return () => clearInterval(timer);
  }, [state, load]);
  return { state, error, ask: () => void load('POST') };
}
