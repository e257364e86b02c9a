import { HocuspocusProvider, HocuspocusProviderWebsocket } from '@hocuspocus/provider';

/**
 * The library's provider counts acknowledgements across a reconnect: updates queued while the line
 * was down are sent (and acknowledged) beside the handshake that starts the count anew, so that
 * "nothing outstanding" can be said while most of the document is still on its way (seen with lines
 * cut at random: 35 of 480 edits on the server when all was shown as saved). These two classes make
 * the count exact: one connection, one count, and nothing is sent outside of its handshake. What was
 * changed before goes with the handshake, which sends whatever the server lacks.
 */
export class CaseSocket extends HocuspocusProviderWebsocket {
  /** Never queues: a message of the last connection has no place in the next one. */
  override send(message: Uint8Array): void {
    if (this.webSocket?.readyState === 1) this.webSocket.send(message as Uint8Array<ArrayBuffer>);
  }
}

export class CaseProvider extends HocuspocusProvider {
  /** Counts connections, so that a ticket fetched for one is not used on the next. */
  #connection = 0;
  #hasToken = false;
  #isInStep = false;

  override async onOpen(event: Event): Promise<void> {
    this.#connection++;
    this.#hasToken = false;
    this.#isInStep = false;
    await super.onOpen(event);
  }

  override async getToken(): Promise<string | null> {
    const connection = this.#connection;
    const token = await super.getToken();
    if (connection !== this.#connection) return new Promise<never>(() => {});
    this.#hasToken = true;
    return token;
  }

  override startSync(): void {
    if (!this.#hasToken) return;
    this.#isInStep = true;
    super.startSync();
  }

  override onClose(): void {
    this.#connection++;
    this.#hasToken = false;
    this.#isInStep = false;
    super.onClose();
  }

  override documentUpdateHandler(update: Uint8Array, origin: unknown): void {
    if (this.#isInStep) super.documentUpdateHandler(update, origin);
    // Outstanding, and sent by the handshake to come.
    else if (origin !== this) this.incrementUnsyncedChanges();
  }
}
