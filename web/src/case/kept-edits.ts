import * as Y from 'yjs';

/** As y-indexeddb wrote it in earlier versions, so that edits kept by one of them are still read. */
const store = 'updates';

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
  #isKeeping = false;
  /** Settles when what was kept is in the document; true when there was anything. */
  readonly loaded: Promise<boolean>;

  /** @param isRemote whether an update came from the server */
  constructor(name: string, doc: Y.Doc, isRemote: (origin: unknown) => boolean) {
    this.#doc = doc;
    this.#isRemote = isRemote;
    this.#database = open(name);
    this.loaded = this.#load();
    doc.on('update', this.#keep);
  }

  /** Everything in the document is on the server: what is here of it goes. */
  async acknowledged(): Promise<void> {
    const rows = this.#rows;
    this.#rows = [];
    this.#isKeeping = false;
    if (rows.length === 0) return;
    const database = await this.#database;
    const keys = await Promise.all(rows);
    if (!database) return;
    try {
      const updates = database.transaction(store, 'readwrite').objectStore(store);
      for (const key of keys) if (key !== undefined) updates.delete(key);
    } catch {
      // Closed meanwhile: the next tab reads the rows, finds them on the server, and removes them.
    }
  }

  async close(): Promise<void> {
    this.#doc.off('update', this.#keep);
    await Promise.all(this.#rows);
    (await this.#database)?.close();
  }

  async #load(): Promise<boolean> {
    const database = await this.#database;
    const found = database && (await rowsOf(database));
    if (!found) return false;
    const { keys, values } = found;
    this.#rows.push(...keys.map((key) => Promise.resolve(key)));
    // One transaction: the server gets what is missing in one update.
    this.#doc.transact(() => {
      for (const value of values) {
        if (value instanceof Uint8Array) Y.applyUpdate(this.#doc, value, this);
      }
    }, this);
    return values.length > 0;
  }

  readonly #keep = (update: Uint8Array, origin: unknown): void => {
    if (origin === this) return;
    if (this.#isKeeping) this.#rows.push(this.#write(update));
    else if (!this.#isRemote(origin)) {
      this.#isKeeping = true;
      this.#rows.push(this.#write(Y.encodeStateAsUpdate(this.#doc)));
    }
  };

  /** @returns the row's key; undefined where this browser keeps nothing (no room, a private window) */
  async #write(update: Uint8Array): Promise<IDBValidKey | undefined> {
    const database = await this.#database;
    try {
      return (
        database &&
        (await answer(database.transaction(store, 'readwrite').objectStore(store).add(update)))
      );
    } catch {
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
