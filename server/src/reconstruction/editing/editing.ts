import { readFile } from 'node:fs/promises';
import path from 'node:path';
import {
  type ChangedTogether,
  type EditEntry,
  type MaskHead,
  type postEdit,
  type postStructure,
  type postTogether,
  type Structure,
  structureId,
  studyInstanceUid,
  type VolumeManifest,
  volumeId,
  YuepianError,
} from '@yuepian/contract';
import type { z } from 'zod';
import { type Actor, consoleLog } from '../../http/index.ts';
import type { AuditEvent } from '../../identity/index.ts';
import type { DerivedFolder } from '../derived.ts';
import { maskFile, partsOfStructureId, structureIdOf } from '../derived.ts';
import type { ReconstructionDeps } from '../ports.ts';
import type { SeriesStore, VerdictState } from '../series.store.ts';
import { describeEdited } from './describe.ts';
import { EditingStore, type EditRow } from './editing.store.ts';
import type { EditedModels } from './models.ts';
import { begun, edited, hiddenOrShown, type Next } from './next.ts';
import { fits, rowOf } from './rows.ts';
import {
  digestOfMask,
  type EditedState,
  loadState,
  packMask,
  unpackMask,
  voxelsOf,
} from './state.ts';

/** Replaying more than this would be felt when a structure is opened. */
const snapshotEvery = 50;
/** States kept in memory; one is some MB at most. */
const statesKept = 24;
/** Keys of structures that people begin are numbered from here, above any that a model makes. */
const firstOwnNumber = 101;

export interface EditingParts {
  readonly deps: Pick<ReconstructionDeps, 'database' | 'archive' | 'audit' | 'publish' | 'log'>;
  readonly derived: DerivedFolder;
  readonly series: SeriesStore;
  readonly models: EditedModels;
  /** A structure as reconstruction left it. @throws YuepianError not_found */
  readonly derivedStructure: (id: string) => Promise<{ structure: Structure; digest: string }>;
}

const whatOf = (line: EditRow): string => (line.kind === 'edit' ? line.tool : line.kind);

/**
 * Structures that people change: the record of each is its beginning and an append-only log of what
 * was done to it, written to disk before it counts. Models are derived from that and may be thrown
 * away. See docs/decisions/016.
 */
export class Editing {
  readonly store: EditingStore;
  readonly #parts: EditingParts;
  readonly #states = new Map<string, EditedState>();
  /** One load of a structure serves all who ask meanwhile. */
  readonly #loads = new Map<string, Promise<EditedState | undefined>>();
  /** Changes of one structure come one after another. */
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(parts: EditingParts) {
    this.#parts = parts;
    this.store = new EditingStore(parts.deps.database);
  }

  /** A volume's structures as they are now: changed ones in place of what they were made from. */
  async overlay(
    manifest: VolumeManifest,
    found: readonly Structure[],
  ): Promise<ReadonlyMap<string, Structure>> {
    const result = new Map<string, Structure>(found.map((s) => [s.id, s]));
    for (const id of await this.store.idsOf(manifest.id)) {
      const state = await this.state(id);
      if (!state || !fits(state.row, manifest)) continue;
      const source = result.get(structureId.parse(id));
      if (state.hidden) result.delete(structureId.parse(id));
      else result.set(structureId.parse(id), await this.#describe(state, manifest, source));
    }
    return result;
  }

  async state(id: string): Promise<EditedState | undefined> {
    const known = this.#states.get(id) ?? this.#loads.get(id);
    if (known) return known;
    const load: Promise<EditedState | undefined> = loadState(id, this.store).then(
      (state) => {
        // A line was added, or all was forgotten, while this read: what it found is of before.
        if (this.#loads.get(id) !== load) return this.state(id);
        this.#loads.delete(id);
        if (state) this.#keep(state);
        return state;
      },
      (error: unknown) => {
        if (this.#loads.get(id) === load) this.#loads.delete(id);
        throw error;
      },
    );
    this.#loads.set(id, load);
    return load;
  }

  /** What one edited structure looks like now, or undefined when nobody has edited it. */
  async structure(id: string): Promise<Structure | undefined> {
    const state = await this.state(id);
    const manifest = state && (await this.#parts.derived.manifest(state.row.volume_id));
    return state && manifest && this.#describe(state, manifest, undefined);
  }

  /** @throws YuepianError not_found; not_ready when its voxels have to be made again first. */
  async mask(id: string): Promise<{ head: MaskHead; body: Uint8Array }> {
    const state = await this.state(id);
    if (state) {
      const { row, revision, mask } = state;
      const head = {
        structureId: structureId.parse(id),
        volumeId: volumeId.parse(row.volume_id),
        size: [row.nx, row.ny, row.nz] as [number, number, number],
        revision,
      };
      return { head, body: await packMask(mask) };
    }
    const { structure: s, manifest, body } = await this.#derivedMask(id);
    const head = { structureId: s.id, volumeId: s.volumeId, size: manifest.size, revision: 0 };
    return { head, body };
  }

  /**
   * Changes voxels of a structure. On disk before it resolves.
   * @throws YuepianError edit_stale, not_found, not_ready, invalid_request.
   */
  edit(id: string, change: z.output<typeof postEdit>, actor: Actor): Promise<Structure> {
    return this.#inTurn(id, async () => {
      const known = await this.state(id);
      const state = known ?? (await this.#beginning(id, actor));
      const next = await edited(state, change, actor);
      return this.#commit(next.state, next.line, actor, !known);
    });
  }

  /** Takes a structure out of sight, or back; its voxels stay. */
  setHidden(id: string, hidden: boolean, actor: Actor): Promise<Structure> {
    return this.#inTurn(id, async () => {
      const known = await this.state(id);
      const state = known ?? (await this.#beginning(id, actor));
      const next = await hiddenOrShown(state, { hidden }, actor);
      return this.#commit(next.state, next.line, actor, !known);
    });
  }

  /**
   * A structure that somebody begins, empty or with voxels.
   * @throws YuepianError not_found, invalid_request.
   */
  async create(
    volume: string,
    wish: z.output<typeof postStructure>,
    actor: Actor,
  ): Promise<Structure> {
    return this.#inTurn(`new ${volume}`, async () => {
      const { state, line } = await this.#begun(volume, wish, actor);
      await this.store.create(state.row, line);
      return this.#done(state, actor, 'new');
    });
  }

  /**
   * Several structures of a volume change together: all of it is on disk when it resolves, or nothing is.
   * @throws YuepianError edit_stale, not_found, not_ready, invalid_request.
   */
  async together(
    volume: string,
    { begin, changes }: z.output<typeof postTogether>,
    actor: Actor,
  ): Promise<ChangedTogether> {
    const ids = changes.map((c) => c.id);
    if (new Set(ids).size !== ids.length)
      throw new YuepianError('invalid_request', { reason: 'one structure twice' });
    const work = async (): Promise<ChangedTogether> => {
      const all: (Next & { readonly isFirst: boolean })[] = [];
      for (const change of changes) {
        const known = await this.state(change.id);
        const state = known ?? (await this.#beginning(change.id, actor));
        if (state.row.volume_id !== volume)
          throw new YuepianError('invalid_request', { reason: 'a structure of another volume' });
        const next =
          'diff' in change
            ? await edited(state, change, actor)
            : await hiddenOrShown(state, change, actor);
        all.push({ ...next, isFirst: !known });
      }
      if (begin) all.push({ ...(await this.#begun(volume, begin, actor)), isFirst: true });
      await this.store.together(
        all.map(({ state, line, isFirst }) => ({ row: isFirst ? state.row : undefined, line })),
      );
      // At once: from here on the log is ahead of any other state.
      for (const { state } of all) this.#keep(state);
      const told: { state: EditedState; manifest: VolumeManifest }[] = [];
      for (const [n, { state, line }] of all.entries()) {
        if (state.revision > 0 && state.revision % snapshotEvery === 0) await this.#snapshot(state);
        const what = line && n < changes.length ? whatOf(line) : 'new';
        told.push({ state, manifest: await this.#announce(state, actor, what) });
      }
      // Described when everybody has heard of all of it: an error here must not keep half from them.
      const done: Structure[] = [];
      for (const { state, manifest } of told)
        done.push(await this.#describe(state, manifest, undefined));
      return { changed: done.slice(0, changes.length), ...(begin ? { begun: done.at(-1) } : {}) };
    };
    // Always in one order: two that wait for each other's structures would wait for ever.
    const turns = [...ids, ...(begin ? [`new ${volume}`] : [])].sort();
    return turns.reduceRight<() => Promise<ChangedTogether>>(
      (inner, id) => () => this.#inTurn(id, inner),
      work,
    )();
  }

  /** In turn with others that begin: their numbers differ. */
  async #begun(volume: string, wish: z.output<typeof postStructure>, actor: Actor): Promise<Next> {
    const manifest = await this.#parts.derived.manifest(volume);
    const series = manifest && (await this.#seriesOf(manifest));
    if (!manifest || !series) throw new YuepianError('not_found', { what: 'volume' });
    const taken = new Set(await this.store.idsOf(volume));
    let number = firstOwnNumber;
    while (taken.has(structureIdOf(volume, `${wish.key}_${number}`))) number++;
    const studyUid = series.studyInstanceUid;
    return begun(wish, `${wish.key}_${number}`, { manifest, studyUid }, actor);
  }

  /** Everything that was done to a structure, oldest first. */
  async history(id: string): Promise<EditEntry[]> {
    return (await this.store.log(id)).map((line) => ({
      revision: line.revision,
      at: line.at,
      user: { id: line.user_id, name: line.user_name },
      kind: line.kind,
      tool: line.tool,
      description: line.description,
      voxels: line.voxels,
    }));
  }

  /**
   * A doctor's word on a structure, changed by hand or not, for the content that was looked at. In
   * turn with the edits: none can come between the comparison and the word.
   * @throws YuepianError edit_stale when it has another content by now; not_found, not_ready.
   */
  verify(id: string, verdict: VerdictState, content: string, actor: Actor): Promise<Structure> {
    return this.#inTurn(id, async () => {
      const now = await this.#current(id);
      if (now.preview) throw new YuepianError('not_ready');
      if (now.content !== content) throw new YuepianError('edit_stale');
      const manifest = await this.#parts.derived.manifest(now.volumeId);
      const series = manifest && (await this.#seriesOf(manifest));
      if (!series) throw new YuepianError('not_found', { what: 'series' });
      const { studyInstanceUid, seriesInstanceUid } = series;
      await this.#parts.series.verify({ id, digest: content }, verdict, actor.user);
      this.#parts.deps.publish({ type: 'structures', studyInstanceUid, seriesInstanceUid });
      await this.#audited({
        action: 'confirm',
        actor,
        object: { kind: 'study', id: studyInstanceUid },
        details: {
          structure: now.key,
          verified: String(verdict === 'verified'),
          verdict,
          source: now.source,
          ...(now.edited ? { revision: now.edited.revision } : {}),
        },
      });
      return this.#current(id);
    });
  }

  async #current(id: string): Promise<Structure> {
    return (await this.structure(id)) ?? (await this.#parts.derivedStructure(id)).structure;
  }

  async forgetStudy(studyUid: string): Promise<void> {
    await this.store.forgetStudy(studyUid);
    for (const [id, { row }] of this.#states) {
      if (row.study_uid === studyUid) this.#states.delete(id);
    }
    // Whose they are is not known yet: they read again.
    this.#loads.clear();
  }

  /**
   * The voxels reconstruction gave a structure become the beginning of its log. Written with the
   * first line: what is refused leaves the structure as nobody has changed it.
   */
  async #beginning(id: string, actor: Actor): Promise<EditedState> {
    const { structure: s, manifest, body } = await this.#derivedMask(id);
    const series = await this.#seriesOf(manifest);
    if (!series) throw new YuepianError('not_found', { what: 'series' });
    const row = rowOf(s, manifest, series.studyInstanceUid, body, actor);
    const mask = await unpackMask(body, voxelsOf(row));
    // A doctor's word on what reconstruction found is one on these voxels: hidden and shown again, or
    // changed and undone, they are still the same.
    await this.#parts.series.carryVerdict(id, s.content, digestOfMask(mask));
    return { row, revision: 0, hidden: false, mask, by: row.user_name, at: row.at };
  }

  async #derivedMask(id: string) {
    const { derived } = this.#parts;
    const parts = partsOfStructureId(id);
    const found = await this.#parts.derivedStructure(id);
    const manifest = parts && (await derived.manifest(parts.volume));
    if (!parts || !manifest) throw new YuepianError('not_found', { what: 'structure' });
    if (found.structure.preview) throw new YuepianError('not_ready');
    const file = path.join(
      derived.setFolder(parts.volume, parts.set),
      maskFile(parts.key, found.digest),
    );
    const body = await readFile(file).catch((cause: unknown) => {
      throw new YuepianError('mask_missing', {}, { cause });
    });
    return { structure: found.structure, manifest, body };
  }

  async #commit(
    next: EditedState,
    line: EditRow,
    actor: Actor,
    isFirst: boolean,
  ): Promise<Structure> {
    if (isFirst) await this.store.create(next.row, line);
    else await this.store.append(line);
    // At once: from here on the log is ahead of any other state.
    this.#keep(next);
    if (next.revision % snapshotEvery === 0) await this.#snapshot(next);
    return this.#done(next, actor, whatOf(line));
  }

  /** Only shortens loading; the change itself is on disk already. */
  async #snapshot({ row, revision, mask }: EditedState): Promise<void> {
    try {
      await this.store.setSnapshot(row.id, revision, await packMask(mask));
    } catch (error) {
      this.#log.error('the snapshot of an edited structure', error);
    }
  }

  async #done(state: EditedState, actor: Actor, what: string): Promise<Structure> {
    const manifest = await this.#announce(state, actor, what);
    return this.#describe(state, manifest, undefined);
  }

  /** Tells readers and the audit of what is on disk. */
  async #announce(state: EditedState, actor: Actor, what: string): Promise<VolumeManifest> {
    const { row } = state;
    this.#keep(state);
    const manifest = await this.#parts.derived.manifest(row.volume_id);
    if (!manifest) throw new YuepianError('not_found', { what: 'volume' });
    if (!state.hidden) this.#parts.models.later(state, manifest);
    this.#parts.deps.publish({
      type: 'edited',
      studyInstanceUid: studyInstanceUid.parse(row.study_uid),
      seriesInstanceUid: manifest.seriesInstanceUid,
      structureId: structureId.parse(row.id),
      revision: state.revision,
    });
    await this.#audited({
      action: 'edit',
      actor,
      object: { kind: 'study', id: row.study_uid },
      details: { structure: row.key, what, revision: state.revision },
    });
    return manifest;
  }

  /**
   * Of something that is on disk already and told: an error now would say that it was not kept.
   * The log of the structure says who and when as well.
   */
  async #audited(event: AuditEvent): Promise<void> {
    try {
      await this.#parts.deps.audit(event);
    } catch (error) {
      const { action, actor, object, details } = event;
      const what = JSON.stringify({ action, user: actor?.user.id, object, details });
      this.#log.error(`not in the audit: ${what}`, error);
    }
  }

  #describe(
    state: EditedState,
    manifest: VolumeManifest,
    source: Structure | undefined,
  ): Promise<Structure> {
    return describeEdited({ state, manifest, source, ...this.#parts });
  }

  #seriesOf(manifest: VolumeManifest) {
    return this.#parts.deps.archive.oneSeries(manifest.seriesInstanceUid);
  }

  get #log() {
    return this.#parts.deps.log ?? consoleLog;
  }

  #keep(state: EditedState): void {
    this.#loads.delete(state.row.id);
    const known = this.#states.get(state.row.id);
    if (known && known.revision > state.revision) return;
    this.#states.delete(state.row.id);
    this.#states.set(state.row.id, state);
    for (const id of this.#states.keys()) {
      if (this.#states.size <= statesKept) break;
      this.#states.delete(id);
    }
  }

  #inTurn<T>(id: string, work: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(id) ?? Promise.resolve();
    const mine = before.then(work, work);
    this.#turns.set(id, mine);
    const forget = (): void => {
      if (this.#turns.get(id) === mine) this.#turns.delete(id);
    };
    mine.then(forget, forget);
    return mine;
  }
}
