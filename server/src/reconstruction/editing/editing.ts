import { readFile } from 'node:fs/promises';
import path from 'node:path';
import {
  type EditEntry,
  type MaskHead,
  maskVoxels,
  type postEdit,
  type postStructure,
  type Structure,
  structure,
  structureId,
  studyInstanceUid,
  type VolumeManifest,
  volumeId,
  YuepianError,
} from '@yuepian/contract';
import { voxelsMl } from '@yuepian/geometry';
import type { z } from 'zod';
import { type Actor, consoleLog } from '../../http/index.ts';
import type { AuditEvent } from '../../identity/index.ts';
import type { DerivedFolder } from '../derived.ts';
import { maskFile, partsOfStructureId, structureIdOf } from '../derived.ts';
import type { ReconstructionDeps } from '../ports.ts';
import type { SeriesStore, VerdictState } from '../series.store.ts';
import { EditingStore, type EditKind, type EditRow } from './editing.store.ts';
import type { EditedModels } from './models.ts';
import { fits, lineOf, ownRow, rowOf } from './rows.ts';
import {
  digestOfMask,
  type EditedState,
  loadState,
  packMask,
  unpackMask,
  voxelsOf,
  withLine,
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
      if (state.revision !== change.baseRevision) {
        // A fresh beginning is revision 0; whoever had an older picture must look again.
        throw new YuepianError('edit_stale');
      }
      const bytes = Buffer.from(change.diff, 'base64');
      const diff = await unpackMask(bytes, voxelsOf(state.row));
      if (diff.length === 0) throw new YuepianError('invalid_request', { reason: 'no change' });
      const line = lineOf(state, actor, {
        kind: change.kind,
        tool: change.tool,
        description: change.description,
        voxels: maskVoxels(diff),
        diff: bytes,
      });
      return this.#commit(await withLine(state, line, diff), line, actor, !known);
    });
  }

  /** Takes a structure out of sight, or back; its voxels stay. */
  setHidden(id: string, hidden: boolean, actor: Actor): Promise<Structure> {
    return this.#inTurn(id, async () => {
      const known = await this.state(id);
      const state = known ?? (await this.#beginning(id, actor));
      const kind: EditKind = hidden ? 'hide' : 'show';
      const line = lineOf(state, actor, {
        kind,
        tool: '',
        description: '',
        voxels: 0,
        diff: new Uint8Array(),
      });
      return this.#commit(await withLine(state, line, undefined), line, actor, !known);
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
    const manifest = await this.#parts.derived.manifest(volume);
    const series = manifest && (await this.#seriesOf(manifest));
    if (!manifest || !series) throw new YuepianError('not_found', { what: 'volume' });
    return this.#inTurn(`new ${volume}`, async () => {
      const taken = new Set(await this.store.idsOf(volume));
      let number = firstOwnNumber;
      while (taken.has(structureIdOf(volume, `${wish.key}_${number}`))) number++;
      const key = `${wish.key}_${number}`;
      const base = await packMask(new Uint32Array(0));
      const row = ownRow(wish, key, manifest, series.studyInstanceUid, base, actor);
      let state: EditedState = {
        row,
        revision: 0,
        hidden: false,
        mask: new Uint32Array(0),
        by: row.user_name,
        at: row.at,
      };
      // Its first voxels are an edit like any other, so that undo and the log know them.
      const bytes = wish.mask === undefined ? undefined : Buffer.from(wish.mask, 'base64');
      const diff = bytes && (await unpackMask(bytes, voxelsOf(row)));
      if (bytes && diff && diff.length > 0) {
        const line = lineOf(state, actor, {
          kind: 'edit',
          tool: 'growcut',
          description: wish.source,
          voxels: maskVoxels(diff),
          diff: bytes,
        });
        await this.store.create(row, line);
        state = await withLine(state, line, diff);
      } else await this.store.create(row);
      return this.#done(state, actor, 'new');
    });
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
    return this.#done(next, actor, line.kind === 'edit' ? line.tool : line.kind);
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
    return this.#describe(state, manifest, undefined);
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

  async #describe(
    state: EditedState,
    manifest: VolumeManifest,
    source: Structure | undefined,
  ): Promise<Structure> {
    const { row, mask } = state;
    const { models, series } = this.#parts;
    const made = await models.read(state);
    if (!state.hidden && made?.revision !== state.revision) models.later(state, manifest);
    const levels = made?.levels ?? source?.levels ?? [];
    const content = digestOfMask(mask);
    const verdict = (await series.verdicts([row.id], content)).get(row.id);
    const voxels = maskVoxels(mask);
    return structure.parse({
      id: row.id,
      volumeId: row.volume_id,
      key: row.key,
      name: { zh: row.name_zh, en: row.name_en },
      colour: row.colour,
      opacity: row.opacity,
      voxels,
      volumeMl: voxelsMl(voxels, manifest.affine),
      source: `edited by ${state.by}, from ${row.origin}`,
      content,
      verified: verdict?.state === 'verified',
      ...(verdict ? { verdict } : {}),
      openEdges: made?.openEdges ?? 0,
      meshUrl: levels.at(-1)?.url ?? '',
      levels,
      // The label map is what reconstruction found; what was changed since is drawn from the mask.
      labels: [],
      edited: {
        revision: state.revision,
        by: state.by,
        at: state.at,
        from: row.origin,
        ...(made ? { meshRevision: made.revision } : {}),
      },
    });
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
