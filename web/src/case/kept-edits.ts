import * as Y from 'yjs';

/** As y-indexeddb wrote it in earlier versions, so that edits kept by one of them are still read. */
const store = 'updates';

/** Removed only when nothing was changed for so long: a hand that scrolls or draws writes on. */
const calmMs = 2_000;

/**
 * What the server has not acknowledged yet, in this browser, so that it survives a closed tab. A case is
 * a patient's: once everything is acknowledged nothing of it stays on a computer that others use, too.
 *
 * With the first unacknowledged edit the whole document is written (an edit alone may refer to what only
 * the server has), then each update that follows. Several tabs may have the same case open: each
 * removes only rows that it has read or written, because only of these it knows that they are on the
 * server.
 */
export class KeptEdits {
  readonly #doc: Y.Doc;
  readonly #isRemote: (origin: unknown) => boolean;
  readonly #database: Promise<IDBDatabase | undefined>;
  /** Keys of the rows that are in the document. */
  #rows: Promise<IDBValidKey | undefined>[] = [];
  /** The whole document is written, or on its way; what follows completes it. */
  #isKeeping = false;
  /** Runs while everything here is on the server. */
  #calm: ReturnType<typeof setTimeout> | undefined;
  #removed: Promise<void> = Promise.resolve();
  /** Settles when what was kept is in the document. */
  readonly loaded: Promise<void>;

  /** @param isRemote whether an update came from the server */
  constructor(name: string, doc: Y.Doc, isRemote: (origin: unknown) => boolean) {
    this.#doc = doc;
    this.#isRemote = isRemote;
    this.#database = open(name);
    this.loaded = this.#load();
    doc.on('update', this.#keep);
    globalThis.addEventListener?.('pagehide', this.#hide);
  }

  /** Everything in the document is on the server: what is here of it goes, after a moment of calm. */
  acknowledged(): void {
    if (this.#rows.length === 0) return;
    this.#calm ??= setTimeout(() => this.#remove(), calmMs);
  }

  /** The case is gone: nobody will ever ask for what is kept of it. */
  discard(): void {
    this.#remove();
  }

  async close(): Promise<void> {
    this.#doc.off('update', this.#keep);
    globalThis.removeEventListener?.('pagehide', this.#hide);
    this.#hide();
    await this.#removed;
    await Promise.all(this.#rows);
    (await this.#database)?.close();
  }

  readonly #hide = (): void => {
    if (this.#calm !== undefined) this.#remove();
  };

  #remove(): void {
    clearTimeout(this.#calm);
    this.#calm = undefined;
    const rows = this.#rows;
    this.#rows = [];
    this.#isKeeping = false;
    this.#removed = Promise.all([this.#database, this.#removed]).then(async ([database]) => {
      const keys = (await Promise.all(rows)).filter((key) => key !== undefined);
      if (!database || keys.length === 0) return;
      try {
        const transaction = database.transaction(store, 'readwrite');
        for (const key of keys) transaction.objectStore(store).delete(key);
        await completed(transaction);
      } catch {
        // The next tab reads the rows, finds them on the server, and removes them.
      }
    });
  }

  async #load(): Promise<void> {
    const database = await this.#database;
    const found = database && (await rowsOf(database));
    if (!found) return;
    const { keys, values } = found;
    this.#rows.push(...keys.map((key) => Promise.resolve(key)));
    // One transaction: the server gets what is missing in one update.
    this.#doc.transact(() => {
      for (const value of values) {
        if (value instanceof Uint8Array) Y.applyUpdate(this.#doc, value, this);
      }
    }, this);
  }

  readonly #keep = (update: Uint8Array, origin: unknown): void => {
    if (origin === this) return;
    const isOwn = !this.#isRemote(origin);
    if (isOwn) {
      // Not on the server yet.
      clearTimeout(this.#calm);
      this.#calm = undefined;
    }
    if (this.#isKeeping) this.#rows.push(this.#write(update));
    else if (isOwn) {
      this.#isKeeping = true;
      this.#rows.push(this.#write(Y.encodeStateAsUpdate(this.#doc)));
    }
  };

  /** @returns the row's key; undefined where this browser keeps nothing (no room, a private window) */
  async #write(update: Uint8Array): Promise<IDBValidKey | undefined> {
    try {
      const database = await this.#database;
      if (!database) return undefined;
      const transaction = database.transaction(store, 'readwrite');
      const added = transaction.objectStore(store).add(update);
      await completed(transaction);
      return added.result;
    } catch {
      // What follows would be of no use without this one: the next edit tries the whole again.
      this.#isKeeping = false;
      return undefined;
    }
  }
}

/** @returns undefined where they cannot be read */
async function rowsOf(
  database: IDBDatabase,
): Promise<{ keys: IDBValidKey[]; values: unknown[] } | undefined> {
  try {
    const updates = database.transaction(store).objectStore(store);
    const [keys, values] = await Promise.all([
      answer(updates.getAllKeys()),
      answer<unknown[]>(updates.getAll()),
    ]);
    return { keys, values };
  } catch {
    return undefined;
  }
}

/** @returns undefined where this browser keeps nothing */
async function open(name: string): Promise<IDBDatabase | undefined> {
  try {
    const request = indexedDB.open(name);
    request.onupgradeneeded = () => {
      request.result.createObjectStore(store, { autoIncrement: true });
    };
    return await answer(request);
  } catch {
    return undefined;
  }
}

const answer = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

/** A request that succeeds may still be undone when its transaction finds no room. */
const completed = (transaction: IDBTransaction): Promise<void> =>
  new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
  });
