import type { HocuspocusProvider } from '@hocuspocus/provider';
import {
  type CaseId,
  errorBody,
  type LiveReply,
  type LiveRequest,
  liveReply,
  ticketReply,
  YuepianError,
} from '@yuepian/contract';
import { WebSocket } from 'ws';
import * as Y from 'yjs';
import { CaseProvider, CaseSocket } from '../../../web/src/case/provider.ts';

export interface CaseClientOptions {
  readonly url: string;
  readonly caseId: CaseId | string;
  readonly cookie: string;
  /** Defaults to the server's own. */
  readonly origin?: string;
  /** Name of the document asked for; another than the case is refused. */
  readonly documentName?: string;
  readonly document?: Y.Doc;
  /** Shown instead of a fresh one. */
  readonly ticket?: string;
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
  /** Breaks the line as a bad network does: no goodbye. */
  cut(): void;
  /** Everything the live channel brought, oldest first. */
  readonly replies: readonly LiveReply[];
  tell(request: LiveRequest): void;
  /** The last live message that fits; waits for one. */
  heard(wanted: (reply: LiveReply) => boolean): Promise<LiveReply>;
}

/** A ticket for the socket, asked for with the cookie. */
export async function fetchTicket(
  options: Pick<CaseClientOptions, 'url' | 'caseId' | 'cookie'>,
): Promise<string> {
  const response = await fetch(new URL(`/api/cases/${options.caseId}/ticket`, options.url), {
    method: 'POST',
    headers: { cookie: options.cookie },
  });
  if (!response.ok) {
    const { error } = errorBody.parse(await response.json());
    throw new YuepianError(error.code, error.details);
  }
  return ticketReply.parse(await response.json()).ticket;
}

/** The socket of a case, as a browser opens it. */
export function caseSocket(options: CaseClientOptions): WebSocket {
  const { url, headers } = addressOf(options);
  return new WebSocket(url, { headers });
}

/** A real client of a live case document, with the provider that the web app uses. */
export function openCase(options: CaseClientOptions): CaseClient {
  const document = options.document ?? new Y.Doc();
  const replies: LiveReply[] = [];
  const looking = new Set<() => void>();
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
  const websocketProvider = new CaseSocket({
    url: addressOf(options).url.href,
    WebSocketPolyfill: Socket,
    delay: 50,
    minDelay: 50,
    maxDelay: 200,
  });
  const provider = new CaseProvider({
    websocketProvider,
    name: options.documentName ?? String(options.caseId),
    document,
    // As the web app: the server relays no awareness.
    awareness: null,
    token: async () => options.ticket ?? (await fetchTicket(options)),
  });
  provider.on('stateless', ({ payload }: { payload: string }) => {
    const reply = liveReply.parse(JSON.parse(payload));
    replies.push(reply);
    for (const look of [...looking]) look();
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
    cut: () => {
      if (socket?.readyState === WebSocket.OPEN) socket.terminate();
    },
    replies,
    tell: (request) => provider.sendStateless(JSON.stringify(request)),
    heard: (wanted) =>
      new Promise((resolve) => {
        const look = () => {
          const found = replies.findLast(wanted);
          if (!found) return;
          looking.delete(look);
          resolve(found);
        };
        looking.add(look);
        look();
      }),
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
