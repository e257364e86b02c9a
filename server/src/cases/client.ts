import { randomBytes } from 'node:crypto';
import { MessageType } from '@hocuspocus/server';
import {
  type CaseId,
  caseLimits,
  type ErrorCode,
  errorTable,
  liveRequest,
  may,
  personId,
  YuepianError,
} from '@yuepian/contract';
import {
  createDecoder,
  type Decoder,
  readVarString,
  readVarUint,
  readVarUint8Array,
} from 'lib0/decoding';
import { createEncoder, toUint8Array, writeVarString, writeVarUint } from 'lib0/encoding';
import type { WebSocket } from 'ws';
import type { Actor } from '../http/index.ts';
import { Bucket } from './bucket.ts';
import type { CaseRoom, Member } from './room.ts';

/** A reader with this much unsent gets no cursors until it has caught up. */
const behindBytes = 256 << 10;
/** An update costs one token, and one more per this many bytes. */
const bytesPerToken = 16 << 10;
/** The reason of a close frame: at most 123 bytes (RFC 6455 §5.5). */
const reasonBytes = 123;

export type Frame =
  | { readonly kind: 'live'; readonly text: string; readonly bytes: number }
  | { readonly kind: 'update' | 'protocol' | 'nothing' };

/**
 * What a Hocuspocus frame is: document name, message type, payload. Awareness is left out (`nothing`):
 * it would relay whatever a client claims about anybody. Undefined for bytes that are no frame.
 */
export function readFrame(data: Uint8Array): Frame | undefined {
  try {
    const decoder: Decoder = createDecoder(data);
    readVarString(decoder);
    const type = readVarUint(decoder);
    switch (type) {
      case MessageType.Stateless:
        return { kind: 'live', text: readVarString(decoder), bytes: data.byteLength };
      case MessageType.Awareness:
      case MessageType.QueryAwareness:
        return { kind: 'nothing' };
      case MessageType.Sync:
      case MessageType.SyncReply: {
        const step = readVarUint(decoder);
        readVarUint8Array(decoder);
        return { kind: step === 0 ? 'protocol' : 'update' };
      }
      default:
        return { kind: 'protocol' };
    }
  } catch {
    return undefined;
  }
}

export function liveFrame(documentName: string, text: string): Uint8Array {
  const encoder = createEncoder();
  writeVarString(encoder, documentName);
  writeVarUint(encoder, MessageType.Stateless);
  writeVarString(encoder, text);
  return toUint8Array(encoder);
}

/** One socket of a case: who it is, once its ticket was good, and what it may still send. */
export class CaseClient {
  readonly socket: WebSocket;
  readonly caseId: CaseId;
  actor: Actor | undefined;
  /** Called once, when the ticket was good or the socket has closed. */
  noLongerWaits: () => void = () => {};
  /** Answered the last ping. */
  isAlive = true;
  #member: Member | undefined;
  #room: CaseRoom | undefined;
  readonly #updates = new Bucket(
    caseLimits.updatesPerSecond,
    caseLimits.updateBurst,
    performance.now(),
  );
  readonly #live = new Bucket(caseLimits.livePerSecond, caseLimits.liveBurst, performance.now());
  #backlog = 0;
  #dropped = 0;
  #invalid = 0;
  readonly #deadline: NodeJS.Timeout;

  constructor(socket: WebSocket, caseId: CaseId) {
    this.socket = socket;
    this.caseId = caseId;
    this.#deadline = setTimeout(() => this.shut('not_signed_in'), caseLimits.ticketWithinMs);
    this.#deadline.unref();
  }

  /** The ticket was good. */
  letIn(actor: Actor): void {
    clearTimeout(this.#deadline);
    this.actor = actor;
    this.noLongerWaits();
  }

  enter(room: CaseRoom): void {
    const { actor, socket } = this;
    if (!actor || socket.readyState !== socket.OPEN) return;
    this.#room = room;
    this.#member = {
      id: personId.parse(randomBytes(9).toString('base64url')),
      user: actor.user,
      mayChange: may(actor.user.role, 'annotate'),
      colour: room.colourOf(actor.user),
      device: 'desk',
      since: Date.now(),
      differs: [],
      cursor: null,
      send: (frame) => this.send(frame),
      isBehind: () => socket.bufferedAmount > behindBytes,
    };
    room.join(this.#member);
  }

  leave(): void {
    clearTimeout(this.#deadline);
    if (this.#member) this.#room?.leave(this.#member);
    this.#member = undefined;
  }

  send(frame: Uint8Array): void {
    if (this.socket.readyState === this.socket.OPEN) this.socket.send(frame);
  }

  /** Waits until this connection may write again. */
  async pace(bytes: number): Promise<void> {
    const wait = this.#updates.take(1 + bytes / bytesPerToken, performance.now());
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
  }

  /** An update came in and waits for its turn. */
  queued(): void {
    if (++this.#backlog > caseLimits.updateBacklog) this.shut('too_fast');
  }

  handled(): void {
    this.#backlog = Math.max(0, this.#backlog - 1);
  }

  /** A live message; nothing of it is trusted. */
  live({ text, bytes }: Frame & { kind: 'live' }): void {
    const [member, room] = [this.#member, this.#room];
    // Before the room knows this connection there is nobody to tell.
    if (!member || !room) return;
    if (bytes > caseLimits.liveBytes) {
      this.shut('too_large');
      return;
    }
    if (!this.#live.tryTake(1, performance.now())) {
      if (++this.#dropped > caseLimits.liveDroppedAtMost) this.shut('too_fast');
      return;
    }
    const request = liveRequest.safeParse(parseJson(text)).data;
    if (request) room.handle(member, request);
    else if (++this.#invalid > caseLimits.liveInvalidAtMost) this.shut('invalid_request');
  }

  /** Closes with the code of an error; the reason is the code, so that a client can say why. */
  shut(code: ErrorCode): void {
    this.socket.close(errorTable[code].ws, code.slice(0, reasonBytes));
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Hocuspocus sends `reason` to the client and logs `message`, which stays empty on purpose. */
export const refusal = (
  error: ErrorCode | YuepianError,
): Error & { reason: string; code: number } => {
  const code = error instanceof YuepianError ? error.code : error;
  return Object.assign(new Error(''), { reason: code, code: errorTable[code].ws });
};
