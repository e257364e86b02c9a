import { Hocuspocus, MessageType } from '@hocuspocus/server';
import { type CaseId, type ErrorCode, errorTable, may, YuepianError } from '@yuepian/contract';
import type { FastifyRequest } from 'fastify';
import { createDecoder, readVarString, readVarUint, readVarUint8Array } from 'lib0/decoding';
import type { WebSocket } from 'ws';
import { type Actor, actorOf, type Log } from '../http/index.ts';
import type { CaseRecord } from './record.ts';

/** y-protocols/sync message types that carry an update. */
const syncStep2 = 1;
const syncUpdate = 2;

/** Snapshots follow the last edit after this time, and come at least this often. */
const snapshotDelayMs = 2_000;
const snapshotAtLeastMs = 10_000;

interface Context {
  readonly actor: Actor;
  readonly caseId: CaseId;
  readonly socket: WebSocket;
}

export interface LiveDeps {
  /** The record of a case, loaded once while anybody has it open. */
  readonly record: (id: CaseId) => Promise<CaseRecord>;
  readonly release: (id: CaseId) => Promise<void>;
  readonly log: Log;
}

/**
 * The sockets of all live documents. Hocuspocus speaks the protocol; what makes it lossless is
 * `beforeSync`: it is awaited before an update is applied, sent on and acknowledged, so whatever a
 * client sees as saved is on disk.
 */
export class LiveCases {
  readonly #hocuspocus: Hocuspocus<Context>;
  readonly #open = new Set<Context>();
  readonly #log: Log;

  constructor(deps: LiveDeps) {
    this.#log = deps.log;
    this.#hocuspocus = new Hocuspocus<Context>({
      quiet: true,
      debounce: snapshotDelayMs,
      maxDebounce: snapshotAtLeastMs,
      onAuthenticate: async ({ context, documentName, connectionConfig }) => {
        // The socket was let in for one case; its documents may not be named freely.
        if (documentName !== context.caseId) throw refusal('not_allowed');
        connectionConfig.readOnly = !may(context.actor.user.role, 'annotate');
      },
      onLoadDocument: async ({ documentName }) => {
        try {
          return (await deps.record(documentName as CaseId)).state();
        } catch (error) {
          throw refusal(error instanceof YuepianError ? error.code : this.#unexpected(error));
        }
      },
      beforeSync: async ({ connection, context, type, payload }) => {
        if ((type !== syncStep2 && type !== syncUpdate) || connection.readOnly) return;
        try {
          const record = await deps.record(context.caseId);
          await record.append(payload, context.actor.user.id);
        } catch (error) {
          throw this.#shut(context, error);
        }
      },
      onStoreDocument: async ({ documentName }) => {
        await (await deps.record(documentName as CaseId)).snapshotIfWorthwhile();
      },
      afterUnloadDocument: ({ documentName }) => deps.release(documentName as CaseId),
      // One socket, one document: when the document lets go of it, nothing is left to keep it for.
      onDisconnect: async ({ context }) => context.socket.close(1000),
    });
  }

  /** Takes over an upgraded, signed-in socket. */
  accept(socket: WebSocket, request: FastifyRequest, caseId: CaseId): void {
    const context: Context = { actor: actorOf(request), caseId, socket };
    const upgrade = new Request(`http://${request.host}${request.url}`);
    const client = this.#hocuspocus.handleConnection(socket, upgrade, context);
    this.#open.add(context);
    socket.on('message', (data: Buffer) => {
      if (isMessage(data)) client.handleMessage(data);
      else this.#shut(context, new YuepianError('invalid_request', { reason: 'broken message' }));
    });
    socket.on('error', () => socket.terminate());
    socket.on('close', (code, reason) => {
      this.#open.delete(context);
      client.handleClose({ code, reason: reason.toString() });
    });
  }

  /** Ends the sockets of actors that lost their right. */
  end(lost: (actor: Actor) => boolean): void {
    for (const { actor, socket } of this.#open) {
      if (lost(actor)) socket.close(errorTable.not_signed_in.ws, 'not_signed_in');
    }
  }

  /** Ends all sockets and writes the snapshots that are due. */
  async close(): Promise<void> {
    for (const { socket } of this.#open) socket.close(1001, 'the server stops');
    const ended = [...this.#open].map(
      ({ socket }) => new Promise((resolve) => socket.once('close', resolve)),
    );
    const patience = AbortSignal.timeout(2_000);
    await Promise.race([
      Promise.all(ended),
      new Promise((resolve) => patience.addEventListener('abort', resolve)),
    ]);
    for (const { socket } of this.#open) socket.terminate();
    this.#hocuspocus.flushPendingStores();
    while (this.#hocuspocus.getDocumentsCount() > 0 && !patience.aborted) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Closes a socket with the code of the error, and gives what Hocuspocus wants thrown. */
  #shut(context: Context, error: unknown): Error {
    const code = error instanceof YuepianError ? error.code : this.#unexpected(error);
    context.socket.close(errorTable[code].ws, code);
    return refusal(code);
  }

  #unexpected(error: unknown): ErrorCode {
    this.#log.error('live case', error);
    return 'internal';
  }
}

/** A Hocuspocus frame: document name, message type, and for a sync message its type and bytes. */
function isMessage(data: Uint8Array): boolean {
  try {
    const decoder = createDecoder(data);
    readVarString(decoder);
    const type = readVarUint(decoder);
    if (type === MessageType.Sync || type === MessageType.SyncReply) {
      readVarUint(decoder);
      readVarUint8Array(decoder);
    }
    return true;
  } catch {
    return false;
  }
}

/** Hocuspocus sends `reason` to the client and logs `message`, which stays empty on purpose. */
const refusal = (code: ErrorCode): Error & { reason: string; code: number } =>
  Object.assign(new Error(''), { reason: code, code: errorTable[code].ws });
