import { Hocuspocus } from '@hocuspocus/server';
import { type CaseId, caseLimits, type ErrorCode, may, YuepianError } from '@yuepian/contract';
import type { FastifyRequest } from 'fastify';
import type { WebSocket } from 'ws';
import { type Actor, type Log, toYuepianError } from '../http/index.ts';
import { CaseClient, liveFrame, readFrame, refusal } from './client.ts';
import type { LeadChange } from './lead.ts';
import type { CaseRecord } from './record.ts';
import { CaseRoom } from './room.ts';

/** y-protocols/sync message types that carry an update. */
const syncStep2 = 1;
const syncUpdate = 2;

/** Snapshots follow the last edit after this time, and come at least this often. */
const snapshotDelayMs = 2_000;
const snapshotAtLeastMs = 10_000;
/** How often the position of the log is told when it has grown. */
const newsMs = 1_000;
/** Hocuspocus' own idle check is off: it does not see live messages; ping and pong do its work. */
const never = 2 ** 31 - 1;
/** Sockets that wait with their ticket, of one address. */
export const waitingSocketsPerAddress = 100;

interface Context {
  readonly client: CaseClient;
}

export interface LiveDeps {
  /** The record of a case, loaded once while anybody has it open. */
  readonly record: (id: CaseId) => Promise<CaseRecord>;
  readonly release: (id: CaseId) => Promise<void>;
  /** Who a ticket was given to; undefined when it is not good for this case. */
  readonly redeem: (ticket: string, id: CaseId) => Actor | undefined;
  readonly opened: (id: CaseId, actor: Actor) => void;
  readonly leadChanged: (
    id: CaseId,
    change: LeadChange,
    by: Actor | undefined,
    lead: string,
  ) => void;
  readonly log: Log;
}

/**
 * The sockets of all live cases. Hocuspocus speaks the document's protocol; what makes it lossless is
 * `beforeSync`: it is awaited before an update is applied, sent on and acknowledged, so whatever a
 * client sees as saved is on disk. Live messages of the same socket go to the room and never wait
 * for the disk.
 */
export class LiveCases {
  readonly #hocuspocus: Hocuspocus<Context>;
  readonly #clients = new Set<CaseClient>();
  readonly #rooms = new Map<CaseId, CaseRoom>();
  /** The record of each room; the document may be let go and loaded again while a lead is awaited. */
  readonly #records = new Map<CaseId, CaseRecord>();
  readonly #waiting = new Map<string, number>();
  readonly #deps: LiveDeps;
  readonly #log: Log;
  readonly #timers: NodeJS.Timeout[];

  constructor(deps: LiveDeps) {
    this.#deps = deps;
    this.#log = deps.log;
    this.#hocuspocus = new Hocuspocus<Context>({
      quiet: true,
      debounce: snapshotDelayMs,
      maxDebounce: snapshotAtLeastMs,
      timeout: never,
      onAuthenticate: async ({ context: { client }, documentName, token, connectionConfig }) => {
        // The socket was opened for one case; its documents may not be named freely.
        if (documentName !== client.caseId) throw this.#shut(client, 'not_allowed');
        const actor = deps.redeem(token, client.caseId);
        if (!actor) throw this.#shut(client, 'not_signed_in');
        this.#requireRoom(client, actor);
        client.letIn(actor);
        deps.opened(client.caseId, actor);
        connectionConfig.readOnly = !may(actor.user.role, 'annotate');
      },
      onLoadDocument: async ({ documentName, context: { client } }) => {
        try {
          return (await deps.record(documentName as CaseId)).state();
        } catch (error) {
          throw this.#shut(client, error);
        }
      },
      connected: async ({ context: { client } }) => {
        const record = await deps.record(client.caseId);
        this.#records.set(client.caseId, record);
        client.enter(this.#room(client.caseId));
      },
      beforeSync: async ({ connection, context: { client }, type, payload }) => {
        if ((type !== syncStep2 && type !== syncUpdate) || connection.readOnly) return;
        try {
          await client.pace(payload.byteLength);
          const record = await deps.record(client.caseId);
          await record.append(payload, client.actor?.user.id ?? '');
        } catch (error) {
          throw this.#shut(client, error);
        }
      },
      afterHandleMessage: async ({ context: { client }, update }) => {
        if (readFrame(update)?.kind === 'update') client.handled();
      },
      onStoreDocument: async ({ documentName }) => {
        await (await deps.record(documentName as CaseId)).snapshotIfWorthwhile();
      },
      afterUnloadDocument: ({ documentName }) => deps.release(documentName as CaseId),
      // One socket, one document: when the document lets go of it, nothing is left to keep it for.
      onDisconnect: async ({ context: { client } }) => client.socket.close(1000),
    });
    this.#timers = [
      setInterval(() => this.#pulse(), caseLimits.pulseMs),
      setInterval(() => this.#tellNews(), newsMs),
    ];
    for (const timer of this.#timers) timer.unref();
  }

  /** Takes over an upgraded socket; who it is, its first message must prove with a ticket. */
  accept(socket: WebSocket, request: FastifyRequest, caseId: CaseId): void {
    const client = new CaseClient(socket, caseId);
    const { ip } = request;
    client.noLongerWaits = () => {
      this.#countWaiting(ip, -1);
      client.noLongerWaits = () => {};
    };
    if (this.#countWaiting(ip, 1) > waitingSocketsPerAddress) client.shut('too_many_connections');
    const upgrade = new Request(`http://${request.host}${request.url}`);
    const connection = this.#hocuspocus.handleConnection(socket, upgrade, { client });
    this.#clients.add(client);
    socket.on('message', (data: Buffer) => {
      const frame = readFrame(data);
      if (!frame) client.shut('invalid_request');
      else if (frame.kind === 'live') client.live(frame);
      else if (frame.kind !== 'nothing') {
        if (frame.kind === 'update') client.queued();
        connection.handleMessage(data);
      }
    });
    socket.on('pong', () => {
      client.isAlive = true;
    });
    socket.on('error', () => socket.terminate());
    socket.on('close', (code, reason) => {
      client.noLongerWaits();
      this.#clients.delete(client);
      client.leave();
      connection.handleClose({ code, reason: reason.toString() });
    });
  }

  /** Ends the sockets of actors that lost their right. */
  end(lost: (actor: Actor) => boolean): void {
    for (const client of this.#clients) {
      if (client.actor && lost(client.actor)) client.shut('not_signed_in');
    }
  }

  /** Ends all sockets and writes the snapshots that are due. */
  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    for (const { socket } of this.#clients) socket.close(1001, 'the server stops');
    const ended = [...this.#clients].map(
      ({ socket }) => new Promise((resolve) => socket.once('close', resolve)),
    );
    const patience = AbortSignal.timeout(2_000);
    await Promise.race([
      Promise.all(ended),
      new Promise((resolve) => patience.addEventListener('abort', resolve)),
    ]);
    for (const { socket } of this.#clients) socket.terminate();
    for (const room of this.#rooms.values()) room.close();
    this.#hocuspocus.flushPendingStores();
    while (this.#hocuspocus.getDocumentsCount() > 0 && !patience.aborted) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  #requireRoom(client: CaseClient, actor: Actor): void {
    const inside = [...this.#clients].filter((c) => c.actor && c.caseId === client.caseId);
    const own = inside.filter((c) => c.actor?.user.id === actor.user.id);
    if (
      inside.length >= caseLimits.connectionsPerCase ||
      own.length >= caseLimits.connectionsPerUser
    ) {
      throw this.#shut(client, 'too_many_connections');
    }
  }

  #room(id: CaseId): CaseRoom {
    const known = this.#rooms.get(id);
    if (known) return known;
    const room: CaseRoom = new CaseRoom({
      seq: () => this.#records.get(id)?.seq ?? 0,
      sendAll: (members, text) => {
        const frame = liveFrame(id, text);
        for (const member of members) member.send(frame);
      },
      record: (kind, value, userId) => {
        this.#deps
          .record(id)
          .then((current) => current.note(kind, value, userId))
          .catch((error: unknown) => this.#log.error('recording a live case', error));
      },
      leadChanged: (change, by) => {
        const actor = [...this.#clients].find((c) => c.actor?.user.id === by?.user.id)?.actor;
        this.#deps.leadChanged(id, change, actor, room.lead?.name ?? '');
      },
      empty: () => {
        room.close();
        if (this.#rooms.get(id) !== room) return;
        this.#rooms.delete(id);
        this.#records.delete(id);
      },
    });
    this.#rooms.set(id, room);
    return room;
  }

  /** Ends sockets whose other end does not answer, and tells the rest that the line lives. */
  #pulse(): void {
    for (const client of this.#clients) {
      if (!client.isAlive) client.socket.terminate();
      client.isAlive = false;
      client.socket.ping();
    }
    for (const room of this.#rooms.values()) room.pulse();
  }

  #tellNews(): void {
    for (const room of this.#rooms.values()) room.pulseIfNews();
  }

  #countWaiting(address: string, change: number): number {
    const count = (this.#waiting.get(address) ?? 0) + change;
    if (count > 0) this.#waiting.set(address, count);
    else this.#waiting.delete(address);
    return count;
  }

  /** Closes a socket with the code of the error, and gives what Hocuspocus wants thrown. */
  #shut(client: CaseClient, error: unknown): Error {
    const known =
      typeof error === 'string'
        ? (error as ErrorCode)
        : error instanceof YuepianError
          ? error.code
          : toYuepianError(error, this.#log).code;
    client.shut(known);
    return refusal(known);
  }
}
