import { HocuspocusProvider, HocuspocusProviderWebsocket } from '@hocuspocus/provider';
import type { CaseId } from '@yuepian/contract';
import { IndexeddbPersistence } from 'y-indexeddb';
import * as Y from 'yjs';
import { createStore, type Store } from '../ui/index.ts';
import { CaseDocument } from './document.ts';

/**
 * What the screen may say about saving.
 * - connecting: never connected yet; nothing changed
 * - saved: the server has acknowledged everything; it is on its disk
 * - saving: changes are under way
 * - offline: the line is down; `waiting` changes are kept in this browser
 * - local: this person may look, not change; what they show or hide stays with them
 * - refused: the server takes nothing from here (signed out, right lost)
 */
export type SaveState =
  | { readonly state: 'connecting' | 'saved' | 'local' | 'refused' }
  | { readonly state: 'saving' | 'offline'; readonly waiting: number };

export interface CaseConnection {
  readonly document: CaseDocument;
  readonly save: Store<{ save: SaveState }>;
  /** Settles when the document is here, from the server or from this browser. */
  readonly arrived: Promise<void>;
  close(): void;
}

export interface ConnectOptions {
  readonly caseId: CaseId;
  /** False for somebody who may only look. */
  readonly mayChange: boolean;
  /** Where the socket is; the page's own server by default. */
  readonly url?: string;
  /** For a place without IndexedDB or without a browser's WebSocket (tests). */
  readonly keep?: boolean;
  readonly WebSocketPolyfill?: unknown;
}

const reconnect = { delay: 500, minDelay: 200, maxDelay: 5_000, factor: 1.6 } as const;

/** Opens the live document of a case. */
export function connectCase(options: ConnectOptions): CaseConnection {
  const { caseId, mayChange } = options;
  const shared = new Y.Doc();
  // Whoever may only look gets a copy: it receives everything and sends nothing.
  const own = mayChange ? shared : copyOf(shared);
  const document = new CaseDocument(own);
  const save = createStore<{ save: SaveState }>({ save: { state: 'connecting' } });

  const kept =
    mayChange && options.keep !== false
      ? new IndexeddbPersistence(`yuepian-case-${caseId}`, shared)
      : undefined;
  const socket = new HocuspocusProviderWebsocket({
    url: options.url ?? socketUrl(caseId),
    ...reconnect,
    ...(options.WebSocketPolyfill !== undefined && {
      WebSocketPolyfill: options.WebSocketPolyfill,
    }),
  });
  const provider = new HocuspocusProvider({
    name: caseId,
    document: shared,
    websocketProvider: socket,
  });

  let waiting = 0;
  let isConnected = false;
  let hasSynced = false;
  let isRefused = false;
  const tell = (): void => save.set({ save: stateNow() });
  // A browser that knows it has no network knows it long before the socket does.
  const whenNetworkChanges = (): void => tell();
  globalThis.addEventListener?.('offline', whenNetworkChanges);
  globalThis.addEventListener?.('online', whenNetworkChanges);
  const stateNow = (): SaveState => {
    if (isRefused) return { state: 'refused' };
    if (globalThis.navigator?.onLine === false) return { state: 'offline', waiting };
    if (!isConnected)
      return hasSynced || waiting > 0 ? { state: 'offline', waiting } : { state: 'connecting' };
    if (!mayChange) return { state: 'local' };
    if (!hasSynced) return { state: 'connecting' };
    return provider.hasUnsyncedChanges || waiting > 0
      ? { state: 'saving', waiting }
      : { state: 'saved' };
  };

  shared.on('update', (_update: Uint8Array, origin: unknown) => {
    if (origin === provider || origin === kept || !mayChange) return;
    waiting++;
    tell();
  });
  provider.on('status', ({ status }: { status: string }) => {
    isConnected = status === 'connected';
    tell();
  });
  provider.on('unsyncedChanges', ({ number }: { number: number }) => {
    if (number === 0) waiting = 0;
    tell();
  });
  provider.on('authenticationFailed', () => {
    isRefused = true;
    tell();
  });
  const arrived = new Promise<void>((resolve) => {
    provider.on('synced', ({ state }: { state: boolean }) => {
      if (!state) return;
      hasSynced = true;
      tell();
      resolve();
    });
    // Offline, what this browser kept is better than nothing; an empty store says nothing.
    kept?.on('synced', () => {
      if (shared.store.clients.size > 0) resolve();
    });
  }).then(() => document.adoptView());
  provider.attach();

  return {
    document,
    save,
    arrived,
    close() {
      globalThis.removeEventListener?.('offline', whenNetworkChanges);
      globalThis.removeEventListener?.('online', whenNetworkChanges);
      provider.destroy();
      socket.destroy();
      void kept?.destroy();
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

const socketUrl = (caseId: CaseId): string =>
  `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/api/cases/${caseId}/socket`;
