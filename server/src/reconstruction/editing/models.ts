import { readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { encodeMask, type Structure, type VolumeManifest } from '@yuepian/contract';
import { z } from 'zod';
import { consoleLog, type Log, toYuepianError } from '../../http/index.ts';
import type { DerivedFolder } from '../derived.ts';
import { writeWhole } from '../derived.ts';
import { runOnce } from './child/host.ts';
import { modelResult } from './child/protocol.ts';
import type { EditedState } from './state.ts';

const program = new URL('./child/main.ts', import.meta.url);

/** A hand that rests this long has finished for the moment. */
const pauseMs = 1500;

/** `derived/<volume>/edited/<key>.json`: the files of a structure's model at one revision. */
const modelFile = z.object({
  version: z.literal(1),
  revision: z.number().int().nonnegative(),
  openEdges: z.number().int().nonnegative(),
  /** Coarse first. */
  levels: z.array(
    z.object({
      file: z.string().regex(/^[a-z0-9_-]+\.glb$/),
      triangles: z.number().int().nonnegative(),
      bytes: z.number().int().nonnegative(),
    }),
  ),
});
type ModelFile = z.infer<typeof modelFile>;

export interface EditedModelsParts {
  readonly derived: DerivedFolder;
  readonly log?: Log | undefined;
  /** A structure's model shows a newer revision. */
  readonly made: (state: EditedState, manifest: VolumeManifest) => void;
}

interface Waiting {
  readonly state: EditedState;
  readonly manifest: VolumeManifest;
}

/**
 * Models of structures that people change, made after a pause in a process of their own, one at a
 * time. The client that edits has its own model at once; these are for everybody else and for the
 * next time. They are derived: what is missing is made again.
 */
export class EditedModels {
  readonly #parts: EditedModelsParts;
  /** The newest state of each structure that waits or is being made. */
  readonly #waiting = new Map<string, Waiting>();
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();
  readonly #stopping = new AbortController();
  readonly #failed = new Map<string, EditedState>();
  #running: Promise<void> = Promise.resolve();
  /** What is being made now. */
  #current: { studyUid: string; abort: AbortController; done: Promise<void> } | undefined;

  constructor(parts: EditedModelsParts) {
    this.#parts = parts;
  }

  later(state: EditedState, manifest: VolumeManifest): void {
    const { id } = state.row;
    // What could not be made is tried again only when it changes.
    if (this.#stopping.signal.aborted || this.#failed.get(id)?.revision === state.revision) return;
    if (this.#waiting.get(id)?.state.revision === state.revision) return;
    this.#waiting.set(id, { state, manifest });
    clearTimeout(this.#timers.get(id));
    this.#timers.set(
      id,
      setTimeout(() => {
        this.#timers.delete(id);
        this.#running = this.#running.then(() => this.#next(id));
      }, pauseMs),
    );
  }

  /** The newest model there is. */
  async read(
    state: EditedState,
  ): Promise<{ revision: number; openEdges: number; levels: Structure['levels'] } | undefined> {
    const { row } = state;
    const text = await readFile(this.#file(row), 'utf8').catch(() => undefined);
    if (text === undefined) return undefined;
    const parsed = modelFile.safeParse(parse(text));
    if (!parsed.success || parsed.data.revision > state.revision) return undefined;
    const { revision, openEdges, levels } = parsed.data;
    return {
      revision,
      openEdges,
      levels: levels.map(({ triangles, bytes }, lod) => ({
        triangles,
        bytes,
        url: `/api/structures/${row.id}/revisions/${revision}/mesh/${lod}`,
      })),
    };
  }

  /** Path and length of a level of detail. */
  async level(
    state: EditedState,
    revision: number,
    lod: number,
  ): Promise<{ file: string; bytes: number } | undefined> {
    const text = await readFile(this.#file(state.row), 'utf8').catch(() => undefined);
    const parsed = modelFile.safeParse(parse(text ?? ''));
    const level = parsed.success && parsed.data.revision === revision && parsed.data.levels[lod];
    return level
      ? { file: path.join(this.#folder(state.row), level.file), bytes: level.bytes }
      : undefined;
  }

  /**
   * Its patient's data are deleted: makes no more models of it. When it resolves nothing writes into
   * its folders any more, so that they can be removed.
   */
  async forget(studyUid: string): Promise<void> {
    for (const [id, { state }] of this.#waiting) {
      if (state.row.study_uid !== studyUid) continue;
      clearTimeout(this.#timers.get(id));
      this.#timers.delete(id);
      this.#waiting.delete(id);
    }
    for (const [id, { row }] of this.#failed) {
      if (row.study_uid === studyUid) this.#failed.delete(id);
    }
    const running = this.#current;
    if (running?.studyUid !== studyUid) return;
    running.abort.abort();
    await running.done;
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#stopping.abort();
    await this.#running;
  }

  async #next(id: string): Promise<void> {
    const job = this.#waiting.get(id);
    if (!job || this.#stopping.signal.aborted) return;
    const abort = new AbortController();
    const done = this.#make(job, AbortSignal.any([this.#stopping.signal, abort.signal]));
    this.#current = { studyUid: job.state.row.study_uid, abort, done };
    await done;
    this.#current = undefined;
  }

  /** Never rejects: others wait behind it. */
  async #make(job: Waiting, signal: AbortSignal): Promise<void> {
    const { state, manifest } = job;
    const { id } = state.row;
    const { derived } = this.#parts;
    const log = this.#parts.log ?? consoleLog;
    let scratch: string | undefined;
    try {
      // Somebody may have read the state just before its volume was removed.
      if (!(await derived.manifest(state.row.volume_id))) return;
      scratch = await derived.scratch();
      const maskFile = path.join(scratch, 'mask.bin');
      await writeWhole(maskFile, encodeMask(state.mask), scratch);
      const made = await runOnce(
        program,
        {
          maskFile,
          key: state.row.key,
          size: [state.row.nx, state.row.ny, state.row.nz],
          affine: manifest.affine,
          frameOfReferenceUid: manifest.frameOfReferenceUid,
          look: { colour: state.row.colour, opacity: state.row.opacity },
          source: `edited, from ${state.row.origin}`,
          scratch,
        },
        modelResult,
        {
          signal,
          log: (line) => log.info(`edited model: ${line.trimEnd()}`),
        },
      );
      const levels: ModelFile['levels'] = [];
      for (const [lod, level] of made.levels.entries()) {
        signal.throwIfAborted();
        const file = `${state.row.key}-${state.revision}-${lod}.glb`;
        await writeWhole(
          path.join(this.#folder(state.row), file),
          await readFile(level.file),
          scratch,
        );
        levels.push({ file, triangles: level.triangles, bytes: level.bytes });
      }
      const content: ModelFile = {
        version: 1,
        revision: state.revision,
        openEdges: made.openEdges,
        levels,
      };
      await writeWhole(this.#file(state.row), JSON.stringify(content), scratch);
      await this.#sweep(state.row, new Set(levels.map((l) => l.file)));
      if (!signal.aborted) this.#parts.made(state, manifest);
    } catch (error) {
      if (!signal.aborted) {
        // A full disk says nothing about the structure: made when somebody reads it again.
        const isFull = toYuepianError(error, log).code === 'storage_full';
        if (!isFull) this.#failed.set(id, state);
        log.error('the model of an edited structure', error);
      }
    } finally {
      if (this.#waiting.get(id) === job) this.#waiting.delete(id);
      if (scratch !== undefined) {
        await derived.discard(scratch).catch((error: unknown) => {
          log.error('the scratch folder of an edited structure', error);
        });
      }
    }
  }

  async #sweep(row: EditedState['row'], kept: ReadonlySet<string>): Promise<void> {
    const folder = this.#folder(row);
    for (const name of await readdir(folder).catch(() => [])) {
      const isMine = new RegExp(`^${row.key}-\\d+-\\d+\\.glb$`).test(name);
      if (isMine && !kept.has(name)) await rm(path.join(folder, name), { force: true });
    }
  }

  #folder(row: EditedState['row']): string {
    return path.join(this.#parts.derived.folder(row.volume_id), 'edited');
  }

  #file(row: EditedState['row']): string {
    return path.join(this.#folder(row), `${row.key}.json`);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
