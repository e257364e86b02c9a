import type { CaseId, Mark } from '@yuepian/contract';
import { mark } from '@yuepian/contract';
import { fetchTicket } from '../../../server/src/cases/testing.ts';
import { type CaseConnection, type ConnectOptions, connectCase } from './connection.ts';
import type { SaveState } from './save-state.ts';

export interface TestPerson {
  readonly url: string;
  readonly caseId: CaseId;
  readonly cookie: string;
}

/** The web app's own client against a real server, without a browser. */
export function connectTo(
  person: TestPerson,
  options: Partial<ConnectOptions> = {},
): CaseConnection & Disposable {
  const socket = new URL(`/api/cases/${person.caseId}/socket`, person.url);
  socket.protocol = 'ws:';
  const connection = connectCase({
    caseId: person.caseId,
    mayChange: true,
    url: socket.href,
    keep: false,
    fetchTicket: () => fetchTicket(person),
    onFrame: (callback) => void setImmediate(callback),
    ...options,
  });
  return { ...connection, [Symbol.dispose]: () => connection.close() };
}

interface Watched<S> {
  get(): S;
  subscribe(listener: () => void): () => void;
}

/** Resolves with the state as soon as it fits. */
export function when<S>(store: Watched<S>, fits: (state: S) => boolean): Promise<S> {
  return new Promise((resolve) => {
    const look = () => {
      const state = store.get();
      if (!fits(state)) return;
      stop();
      resolve(state);
    };
    const stop = store.subscribe(look);
    look();
  });
}

export const whenSave = async (
  connection: CaseConnection,
  state: SaveState['state'],
): Promise<SaveState> => (await when(connection.save, (s) => s.save.state === state)).save;

export const lengthMark = (id: string, x = 10, name = 'Chen'): Mark =>
  mark.parse({
    version: 1,
    id,
    kind: 'length',
    frameOfReferenceUid: '1.2.3',
    plane: { point: [0, 0, 0], normal: [0, 0, 1] },
    points: [
      [0, 0, 0],
      [x, 0, 0],
    ],
    label: '',
    colour: '#5cb8ff',
    author: { id: 'u1', name },
    createdAt: new Date(Date.UTC(2026, 10, 20) + x).toISOString(),
    hidden: false,
  });
