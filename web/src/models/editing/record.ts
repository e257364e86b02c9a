import { type EditTool, type MaskEdges, YuepianError } from '@yuepian/contract';
import { Unreachable } from '../../api/index.ts';
import { packedMask, postEdit } from '../api.ts';

/** How long until a change that could not be sent is sent again. */
const againMs = 2_000;

interface Waiting {
  readonly diff: MaskEdges;
  readonly tool: EditTool;
  readonly kind: 'edit' | 'undo' | 'redo';
}

export interface RecordEvents {
  /** Changes that are not on the server's disk yet. */
  pending(count: number): void;
  /** The server has this revision on its disk. */
  saved(revision: number): void;
  /** Somebody else changed the structure meanwhile, or it was refused: what waited is void. */
  refused(error: unknown): void;
}

/** Sends the changes of one structure, one after another, each on top of the one before. */
export class EditRecord {
  readonly id: string;
  readonly #events: RecordEvents;
  #revision: number;
  #waiting: Waiting[] = [];
  #sending = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(id: string, revision: number, events: RecordEvents) {
    this.id = id;
    this.#revision = revision;
    this.#events = events;
  }

  /** What the server has. */
  get revision(): number {
    return this.#revision;
  }

  /** What it will have when everything is sent. */
  get expected(): number {
    return this.#revision + this.#waiting.length;
  }

  add(change: Waiting): void {
    this.#waiting.push(change);
    this.#events.pending(this.#waiting.length);
    void this.#send();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  async #send(): Promise<void> {
    if (this.#sending || this.#closed) return;
    this.#sending = true;
    try {
      for (let next = this.#waiting[0]; next && !this.#closed; next = this.#waiting[0]) {
        const { tool, kind } = next;
        const diff = await packedMask(next.diff);
        const answer = await postEdit(this.id, {
          baseRevision: this.#revision,
          diff,
          tool,
          kind,
        });
        this.#revision = answer.edited?.revision ?? this.#revision + 1;
        this.#waiting.shift();
        this.#events.saved(this.#revision);
        this.#events.pending(this.#waiting.length);
      }
    } catch (error) {
      if (this.#closed) return;
      if (error instanceof YuepianError) {
        this.#waiting = [];
        this.#events.pending(0);
        this.#events.refused(error);
      } else if (error instanceof Unreachable) {
        this.#timer = setTimeout(() => void this.#send(), againMs);
      } else this.#events.refused(error);
    } finally {
      this.#sending = false;
    }
  }
}
