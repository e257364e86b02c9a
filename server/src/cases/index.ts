import { randomUUID } from 'node:crypto';
import { type CaseId, caseId, type StudyInstanceUid, YuepianError } from '@yuepian/contract';
import type { FastifyInstance } from 'fastify';
import { type Actor, actorOf, consoleLog, type Log } from '../http/index.ts';
import type { AuditEvent } from '../identity/index.ts';
import type { Database } from '../storage/index.ts';
import { CaseStore } from './cases.store.ts';
import { readContent } from './content.ts';
import { LiveCases } from './live.ts';
import { CaseRecord, firstUpdate } from './record.ts';

export { casesMigrations } from './cases.store.ts';
export { maximumDocumentBytes, maximumUpdateBytes } from './record.ts';

export interface CasesDeps {
  readonly database: Database;
  readonly audit: (event: AuditEvent) => Promise<void>;
  readonly log?: Log;
}

export interface Cases {
  /** The case of a study; made when it is asked for the first time. */
  caseOfStudy(studyInstanceUid: StudyInstanceUid): Promise<CaseId>;
  /** `GET /api/cases/:id` and the live document at `/api/cases/:id/socket`. */
  routes(app: FastifyInstance): Promise<void>;
  /** Ends the sockets of actors that lost their right (signed out, deleted, role changed). */
  end(lost: (actor: Actor) => boolean): void;
  /** Ends all sockets and writes the snapshots that are due. */
  close(): Promise<void>;
}

/** The live case documents: one Yjs document per case, kept by an append-only log. */
export function createCases({ database, audit, log = consoleLog }: CasesDeps): Cases {
  const store = new CaseStore(database);
  const loaded = new Map<CaseId, Promise<CaseRecord>>();

  const record = (id: CaseId): Promise<CaseRecord> => {
    const known = loaded.get(id);
    if (known) return known;
    const loading = CaseRecord.load(id, store, log);
    loaded.set(id, loading);
    loading.catch(() => loaded.delete(id));
    return loading;
  };
  const release = async (id: CaseId) => {
    const known = loaded.get(id);
    loaded.delete(id);
    await (await known)?.snapshotIfWorthwhile();
  };
  const live = new LiveCases({ record, release, log });

  const existing = async (id: string) => {
    const row = await store.byId(caseId.safeParse(id).data ?? '');
    if (!row) throw new YuepianError('not_found', { what: 'case' });
    return row;
  };

  return {
    async caseOfStudy(studyInstanceUid) {
      const known = await store.byStudy(studyInstanceUid);
      if (known) return known.id;
      const createdAt = new Date().toISOString();
      const first = { seq: 1, at: Date.now(), userId: '', bytes: firstUpdate() };
      const id = caseId.parse(randomUUID());
      if (await store.create({ id, studyInstanceUid, createdAt }, first)) return id;
      const other = await store.byStudy(studyInstanceUid);
      if (!other) throw new YuepianError('not_found', { what: 'case' });
      return other.id;
    },

    async routes(app) {
      app.get<{ Params: { id: string } }>(
        '/api/cases/:id',
        { config: { permission: 'read' } },
        async (request) => {
          const row = await existing(request.params.id);
          const current = await (loaded.get(row.id) ?? CaseRecord.load(row.id, store, log));
          return { ...row, seq: current.seq, ...readContent(current.document) };
        },
      );

      app.get<{ Params: { id: string } }>(
        '/api/cases/:id/socket',
        {
          websocket: true,
          config: { permission: 'read' },
          // Before the upgrade, so that an unknown case is an answer and not a closed socket.
          preValidation: async (request) => {
            await existing(request.params.id);
          },
        },
        (socket, request) => {
          const id = caseId.parse(request.params.id);
          live.accept(socket, request, id);
          audit({ action: 'open', actor: actorOf(request), object: { kind: 'case', id } }).catch(
            (error) => log.error('audit of an opened case', error),
          );
        },
      );
    },
    end: (lost) => live.end(lost),
    close: () => live.close(),
  };
}
