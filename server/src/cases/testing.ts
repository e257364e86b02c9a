import { HocuspocusProvider, HocuspocusProviderWebsocket } from '@hocuspocus/provider';
import type { CaseId } from '@yuepian/contract';
import { WebSocket } from 'ws';
import * as Y from 'yjs';

export interface CaseClientOptions {
  readonly url: string;
  readonly caseId: CaseId | string;
  readonly cookie: string;
  /** Defaults to the server's own. */
  readonly origin?: string;
  /** Name of the document asked for; another than the case is refused. */
  readonly documentName?: string;
  readonly document?: Y.Doc;
}

export interface CaseClient extends AsyncDisposable {
  readonly document: Y.Doc;
  readonly provider: HocuspocusProvider;
  /** The document of the server is here. */
  synced(): Promise<void>;
  /** The server has acknowledged everything: what the page shows as saved. */
  saved(): Promise<void>;
  /** Code and reason of the next close of the socket. */
  closed(): Promise<{ code: number; reason: string }>;
  /** Sends raw bytes past all client code. */
  send(bytes: Uint8Array): void;
}

/** The socket of a case, as a browser opens it. */
export function caseSocket(options: CaseClientOptions): WebSocket {
  const { url, headers } = addressOf(options);
  return new WebSocket(url, { headers });
}

/** A real client of a live case document, with the provider that the web app uses. */
export function openCase(options: CaseClientOptions): CaseClient {
  const document = options.document ?? new Y.Doc();
  let socket: WebSocket | undefined;
  let announceClose: (end: { code: number; reason: string }) => void = () => {};
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    announceClose = resolve;
  });
  class Socket extends WebSocket {
    constructor() {
      const { url, headers } = addressOf(options);
      super(url, { headers });
      socket = this;
      this.on('close', (code, reason) => announceClose({ code, reason: reason.toString() }));
      this.on('error', () => {});
    }
  }
  const websocketProvider = new HocuspocusProviderWebsocket({
    url: addressOf(options).url.href,
    WebSocketPolyfill: Socket,
    delay: 50,
    minDelay: 50,
    maxDelay: 200,
  });
  const provider = new HocuspocusProvider({
    websocketProvider,
    name: options.documentName ?? String(options.caseId),
    document,
  });
  provider.attach();

  return {
    document,
    provider,
    synced: () => until(provider, 'synced', () => provider.isSynced),
    saved: () =>
      until(provider, 'unsyncedChanges', () => provider.isSynced && provider.unsyncedChanges === 0),
    closed: () => closed,
    send: (bytes) => socket?.send(bytes),
    async [Symbol.asyncDispose]() {
      provider.destroy();
      websocketProvider.destroy();
      document.destroy();
    },
  };
}

function addressOf(options: CaseClientOptions) {
  const url = new URL(`/api/cases/${options.caseId}/socket`, options.url);
  url.protocol = 'ws:';
  const headers: Record<string, string> = { origin: options.origin ?? options.url };
  if (options.cookie) headers.cookie = options.cookie;
  return { url, headers };
}

/** Resolves when `done` holds, looking again at each event of that name and at each sync. */
async function until(
  provider: HocuspocusProvider,
  event: string,
  done: () => boolean,
): Promise<void> {
  if (done()) return;
  await new Promise<void>((resolve) => {
    const look = () => {
      if (!done()) return;
      provider.off(event, look);
      provider.off('synced', look);
      resolve();
    };
    provider.on(event, look);
    provider.on('synced', look);
  });
}
