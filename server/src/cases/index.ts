import { randomUUID } from 'node:crypto';
import {
  type CaseId,
  type CaseList,
  caseId,
  copyRequest,
  type StudyInstanceUid,
  type TicketReply,
  YuepianError,
} from '@yuepian/contract';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { type Actor, actorOf, consoleLog, type Log } from '../http/index.ts';
import type { AuditEvent, Tickets } from '../identity/index.ts';
import type { Database } from '../storage/index.ts';
import { type CaseRow, CaseStore } from './cases.store.ts';
import { readContent } from './content.ts';
import { copiedState, logStream } from './history.ts';
import { LiveCases } from './live.ts';
import { CaseRecord, firstUpdate } from './record.ts';

export { casesMigrations } from './cases.store.ts';

export interface CasesDeps {
  readonly database: Database;
  readonly audit: (event: AuditEvent) => Promise<void>;
  readonly tickets: Tickets;
  /** Display names by user id. */
  readonly displayNames: () => Promise<Record<string, string>>;
  readonly log?: Log;
}

export interface Cases {
  /** The case of a study; made when it is asked for the first time. */
  caseOfStudy(studyInstanceUid: StudyInstanceUid): Promise<CaseId>;
  /** `GET /api/cases/:id`, its log, copies and tickets, and the socket at `/api/cases/:id/socket`. */
  routes(app: FastifyInstance): Promise<void>;
  /** Ends the sockets of actors that lost their right (signed out, deleted, role changed). */
  end(lost: (actor: Actor) => boolean): void;
  /** Ends all sockets and writes the snapshots that are due. */
  close(): Promise<void>;
}

const ticketObject = (id: CaseId): string => `case/${id}`;
const listQuery = z.object({ study: z.string().min(1).max(64) });
const logQuery = z.object({
  from: z.coerce.number().int().min(1).default(1),
  to: z.coerce.number().int().min(1).optional(),
});

/** The live case documents: one Yjs document per case, kept by an append-only log. */
export function createCases(deps: CasesDeps): Cases {
  const { database, audit, tickets, displayNames, log = consoleLog } = deps;
  const store = new CaseStore(database);
  const loaded = new Map<CaseId, Promise<CaseRecord>>();
  const releasing = new Map<CaseId, Promise<void>>();
  const note = (event: AuditEvent) => {
    audit(event).catch((error: unknown) => log.error(`audit of ${event.action}`, error));
  };

  // One record a case at any time: it alone gives out positions of the log.
  const record = (id: CaseId): Promise<CaseRecord> => {
    const known = loaded.get(id);
    if (known) return known;
    const loading = Promise.resolve(releasing.get(id)).then(() => CaseRecord.load(id, store, log));
    loaded.set(id, loading);
    loading.catch(() => loaded.delete(id));
    return loading;
  };
  const release = async (id: CaseId) => {
    const known = loaded.get(id);
    if (!known) return;
    loaded.delete(id);
    const done = (async () => {
      const current = await known;
      await current.settled();
      await current.snapshotIfWorthwhile();
    })().catch((error: unknown) => log.error(`letting go of case ${id}`, error));
    releasing.set(id, done);
    await done;
    if (releasing.get(id) === done) releasing.delete(id);
  };
  const live = new LiveCases({
    record,
    release,
    redeem: (ticket, id) => tickets.redeem(ticket, ticketObject(id)),
    opened: (id, actor) => note({ action: 'open', actor, object: { kind: 'case', id } }),
    leadChanged: (id, change, actor, lead) =>
      note({
        action: 'lead',
        actor: actor ?? null,
        object: { kind: 'case', id },
        details: { change, lead },
      }),
    log,
  });

  const existing = async (id: string): Promise<CaseRow> => {
    const row = await store.byId(caseId.safeParse(id).data ?? '');
    if (!row) throw new YuepianError('not_found', { what: 'case' });
    return row;
  };
  const newId = () => caseId.parse(randomUUID());

  return {
    async caseOfStudy(studyInstanceUid) {
      const known = await store.byStudy(studyInstanceUid);
      if (known) return known.id;
      const createdAt = new Date().toISOString();
      const row = { id: newId(), studyInstanceUid, title: '', createdAt, derivedFrom: null };
      if (await store.create(row, firstRow(firstUpdate()))) return row.id;
      const other = await store.byStudy(studyInstanceUid);
      if (!other) throw new YuepianError('not_found', { what: 'case' });
      return other.id;
    },

    async routes(app) {
      type ById = { Params: { id: string } };
      const read = { config: { permission: 'read' } } as const;

      app.get('/api/cases', read, async (request): Promise<CaseList> => {
        const { study } = listQuery.parse(request.query);
        return { cases: await store.ofStudy(study) };
      });

      app.get<ById>('/api/cases/:id', read, async (request) => {
        const row = await existing(request.params.id);
        const current = await (loaded.get(row.id) ?? CaseRecord.load(row.id, store, log));
        return { ...row, seq: current.seq, ...readContent(current.document) };
      });

      app.get<ById>('/api/cases/:id/log', read, async (request, reply) => {
        const { id } = await existing(request.params.id);
        const { from, to: asked } = logQuery.parse(request.query);
        const last = await store.lastSeq(id);
        const to = Math.min(asked ?? last, last);
        const actor = actorOf(request);
        await audit({
          action: 'replay',
          actor,
          object: { kind: 'case', id },
          details: { from, to },
        });
        const stream = await logStream(store, { id, from, to }, await displayNames());
        return reply
          .header('cache-control', 'no-store')
          .type('application/x-ndjson; charset=utf-8')
          .send(stream);
      });

      app.post<ById>(
        '/api/cases/:id/copies',
        { config: { permission: 'annotate' } },
        async (request, reply) => {
          const source = await existing(request.params.id);
          const { seq, title } = copyRequest.parse(request.body);
          if ((await store.timeOf(source.id, seq)) === undefined) {
            throw new YuepianError('not_found', { what: `#${seq}` });
          }
          const copy: CaseRow = {
            id: newId(),
            studyInstanceUid: source.studyInstanceUid,
            title,
            createdAt: new Date().toISOString(),
            derivedFrom: { id: source.id, seq },
          };
          await store.create(copy, firstRow(await copiedState(store, source.id, seq)));
          await audit({
            action: 'copy',
            actor: actorOf(request),
            object: { kind: 'case', id: copy.id },
            details: { from: source.id, seq },
          });
          return reply.code(201).send(copy);
        },
      );

      app.post<ById>('/api/cases/:id/ticket', read, async (request): Promise<TicketReply> => {
        const { id } = await existing(request.params.id);
        return tickets.issue(actorOf(request), ticketObject(id));
      });

      app.get<ById>(
        '/api/cases/:id/socket',
        {
          websocket: true,
          // The ticket in the first message says who it is; a cookie counts for nothing here.
          config: { permission: 'anyone' },
          // Before the upgrade, so that an unknown case is an answer and not a closed socket.
          preValidation: async (request) => {
            await existing(request.params.id);
          },
        },
        (socket, request) => live.accept(socket, request, caseId.parse(request.params.id)),
      );
    },
    end: (lost) => live.end(lost),
    close: () => live.close(),
  };
}

const firstRow = (bytes: Uint8Array) =>
  ({ seq: 1, at: Date.now(), userId: '', kind: 'change', bytes }) as const;
