import {
  type CaseId,
  type DeviceKind,
  type ErrorCode,
  errorCodes,
  errorTable,
  ticketReply,
  type UserId,
  YuepianError,
} from '@yuepian/contract';
import * as Y from 'yjs';
import { request } from '../api/index.ts';
import { createStore, type Store } from '../ui/index.ts';
import { Away } from './away.ts';
import { CaseDocument } from './document.ts';
import { KeptEdits } from './kept-edits.ts';
import { LiveCase } from './live.ts';
import { CaseProvider, CaseSocket } from './provider.ts';
import { endingOf, type SaveState } from './save-state.ts';

export interface CaseConnection {
  readonly document: CaseDocument;
  readonly save: Store<{ save: SaveState }>;
  /** The others: who is here, where they point, who leads. */
  readonly live: LiveCase;
  /** What others changed since this person last had the case open. */
  readonly away: Away;
  /** Settles when the document is here, from the server or from this browser. */
  readonly arrived: Promise<void>;
  /** Tries again after `refused`. */
  retry(): void;
  close(): void;
}

export interface ConnectOptions {
  readonly caseId: CaseId;
  /** False for somebody who may only look. */
  readonly mayChange: boolean;
  /** Who works here: on a shared board one person's unsent edits are not sent as another's. */
  readonly userId?: UserId;
  readonly device?: DeviceKind;
  /** Where the socket is; the page's own server by default. */
  readonly url?: string;
  /** For a place without IndexedDB or without a browser's WebSocket (tests). */
  readonly keep?: boolean;
  readonly WebSocketPolyfill?: unknown;
  readonly fetchTicket?: () => Promise<string>;
  readonly onFrame?: (callback: () => void) => void;
}

const reconnect = { delay: 500, minDelay: 200, maxDelay: 5_000, factor: 1.6 } as const;

/** Refusals of a ticket that asking again does not change. */
const finalRefusals: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'not_signed_in',
  'not_allowed',
  'not_found',
  'wrong_origin',
]);

/** Opens the live document of a case. */
export function connectCase(options: ConnectOptions): CaseConnection {
  const { caseId, mayChange, userId } = options;
  const fetchTicket = options.fetchTicket ?? (() => ticketFor(caseId));
  const shared = new Y.Doc();
  // Whoever may only look gets a copy: it receives everything and sends nothing.
  const own = mayChange ? shared : copyOf(shared);
  const document = new CaseDocument(own);
  const save = createStore<{ save: SaveState }>({ save: { state: 'connecting' } });

  const kept =
    mayChange && options.keep !== false
      ? new KeptEdits(keptName(caseId, userId), shared, (origin) => origin === provider)
      : undefined;

  let waiting = 0;
  let isConnected = false;
  let hasSynced = false;
  let refused: ErrorCode | undefined;
  let trouble: ErrorCode | undefined;
  /** Tickets that the server did not know; a restart forgets them, so one is no proof. */
  let unknownTickets = 0;

  const tell = (): void => {
    const now = stateNow();
    save.set({ save: now });
    if (now.state === 'saved') kept?.acknowledged();
  };
  const stateNow = (): SaveState => {
    if (refused) return { state: 'refused', waiting, code: refused };
    const offline: SaveState = { state: 'offline', waiting, ...(trouble && { code: trouble }) };
    if (globalThis.navigator?.onLine === false) return offline;
    if (trouble) return offline;
    if (!isConnected) return hasSynced || waiting > 0 ? offline : { state: 'connecting' };
    if (!mayChange) return { state: 'local' };
    if (!hasSynced) return { state: 'connecting' };
    return provider.hasUnsyncedChanges || waiting > 0
      ? { state: 'saving', waiting }
      : { state: 'saved' };
  };
  const refuse = (code: ErrorCode): void => {
    refused = code;
    if (code === 'not_found') kept?.discard();
    socket.disconnect();
    tell();
  };

  const socket = new CaseSocket({
    url: options.url ?? socketUrl(caseId),
    ...reconnect,
    ...(options.WebSocketPolyfill !== undefined && {
      WebSocketPolyfill: options.WebSocketPolyfill,
    }),
    // Called before Hocuspocus' own handler, which would plan the next attempt.
    onClose: ({ event }) => {
      const { code, isFinal } = endingOf(event);
      live.disconnected();
      if (code === 'not_signed_in' && ++unknownTickets < 2) return;
      if (code && isFinal) refuse(code);
      else {
        trouble = code ?? trouble;
        tell();
      }
    },
  });
  const provider = new CaseProvider({
    name: caseId,
    document: shared,
    websocketProvider: socket,
    // Who is here is told by the server (live.ts); awareness would be what each client claims.
    awareness: null,
    token: async () => {
      try {
        return await fetchTicket();
      } catch (error) {
        if (error instanceof YuepianError && finalRefusals.has(error.code)) refuse(error.code);
        else socket.webSocket?.close();
        throw error;
      }
    },
  });
  const live = new LiveCase({
    line: {
      send: (message) => {
        if (provider.isAuthenticated) provider.sendStateless(message);
      },
    },
    device: options.device ?? 'desk',
    ...(options.onFrame && { onFrame: options.onFrame }),
  });
  const away = new Away({ caseId, live, ...(userId && { userId }) });

  // A browser that knows it has no network knows it long before the socket does.
  const whenNetworkChanges = (): void => tell();
  globalThis.addEventListener?.('offline', whenNetworkChanges);
  globalThis.addEventListener?.('online', whenNetworkChanges);

  shared.on('update', (_update: Uint8Array, origin: unknown) => {
    if (origin === provider || origin === kept || !mayChange) return;
    waiting++;
    tell();
  });
  provider.on('status', ({ status }: { status: string }) => {
    isConnected = status === 'connected';
    tell();
  });
  provider.on('stateless', ({ payload }: { payload: string }) => live.receive(payload));
  provider.on('authenticated', () => {
    unknownTickets = 0;
  });
  provider.on('unsyncedChanges', ({ number }: { number: number }) => {
    if (number === 0) {
      waiting = 0;
      trouble = undefined;
    }
    tell();
  });
  // Without a close, the server turned this document down; an error of ours has been dealt with.
  provider.on('authenticationFailed', ({ reason }: { reason: string }) => {
    const code = errorCodes.find((c) => c === reason);
    if (code && !refused && endingOf({ code: errorTable[code].ws, reason }).isFinal) refuse(code);
  });
  const arrived = new Promise<void>((resolve) => {
    provider.on('synced', ({ state }: { state: boolean }) => {
      if (!state) return;
      hasSynced = true;
      if (!mayChange) trouble = undefined;
      tell();
      resolve();
    });
    // Offline, what this browser kept is better than nothing; an empty store says nothing.
    void kept?.loaded.then(() => {
      // What was kept and is on the server already changes nothing, and so is not heard of again.
      tell();
      if (shared.store.clients.size > 0) resolve();
    });
  }).then(() => document.adoptView());
  provider.attach();

  return {
    document,
    save,
    live,
    away,
    arrived,
    retry() {
      if (!refused) return;
      refused = undefined;
      trouble = undefined;
      unknownTickets = 0;
      tell();
      void socket.connect();
    },
    close() {
      globalThis.removeEventListener?.('offline', whenNetworkChanges);
      globalThis.removeEventListener?.('online', whenNetworkChanges);
      away.close();
      live.close();
      provider.destroy();
      socket.destroy();
      void kept?.close();
      document.destroy();
      if (own !== shared) shared.destroy();
    },
  };
}

const copied = { kind: 'copied' };
function copyOf(shared: Y.Doc): Y.Doc {
  const own = new Y.Doc();
  shared.on('update', (update: Uint8Array) => Y.applyUpdate(own, update, copied));
  return own;
}

/** Name of the browser's store for unsent edits. */
export const keptName = (caseId: CaseId, userId: UserId | undefined): string =>
  `yuepian-case-${caseId}${userId ? `-${userId}` : ''}`;

const ticketFor = async (caseId: CaseId): Promise<string> =>
  (await request(ticketReply, `/api/cases/${caseId}/ticket`, { method: 'POST' })).ticket;

const socketUrl = (caseId: CaseId): string =>
  `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/api/cases/${caseId}/socket`;
