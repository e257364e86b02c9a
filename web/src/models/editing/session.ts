import {
  boxOfMask,
  type EditTool,
  type MaskEdges,
  type Structure,
  type VolumeManifest,
  xorMasks,
  YuepianError,
} from '@yuepian/contract';
import type { PatientPoint, Volume } from '@yuepian/geometry';
import { boxAroundPoints, cropImage, type IndexBox } from '@yuepian/reconstruct';
import { sentenceOf } from '../../api/index.ts';
import type { Engine, MeshData } from '../../engine/index.ts';
import { text } from '../../i18n/index.ts';
import { createStore, notify, type Store } from '../../ui/index.ts';
import { fetchMask } from '../api.ts';
import { GrowingMask } from './mask-box.ts';
import type { Act, FromWorker, PlacedImage, ToWorker } from './messages.ts';
import { EditRecord } from './record.ts';

/** What the hand does to a structure. */
export const handTools = ['brush', 'eraser', 'smart_brush', 'scissors', 'islands', 'box'] as const;
export type HandTool = (typeof handTools)[number];
/** What the box is drawn around. */
export const boxHints = ['organ', 'kidney', 'tumour', 'vessel'] as const;
export type BoxHint = (typeof boxHints)[number];

export interface EditState {
  /** The structure that is being worked on. */
  readonly id: string | undefined;
  readonly tool: HandTool | undefined;
  /** Radius of the brushes, mm. */
  readonly radius: number;
  /** On slices: a disc on this slice only, or a sphere. */
  readonly isDisc: boolean;
  readonly remove: 'inside' | 'outside';
  readonly hint: BoxHint;
  /** Depth of a drawn box across the slice in mm; undefined is as deep as it is wide. */
  readonly depth: number | undefined;
  /** Its voxels are being fetched. */
  readonly isPreparing: boolean;
  /** A tool is at work. */
  readonly isBusy: boolean;
  /** Changes that are not on the server's disk yet. */
  readonly pending: number;
}

export const radiusRange = { min: 1, max: 40 } as const;

/** Something that was done and can be taken back; the room's one undo calls it. */
export interface EditStep {
  readonly id: string;
  undo(): void;
  redo(): void;
}

export interface EditPort {
  readonly engine: Pick<Engine, 'setMesh' | 'meshOf'>;
  readonly manifest: () => VolumeManifest | undefined;
  /** The full level; undefined until it is loaded. */
  readonly volume: () => Volume | undefined;
  readonly push: (step: EditStep) => void;
  /** Steps of a structure that can no longer be taken back. */
  readonly forget: (id: string) => void;
}

/** How long outlines that arrive are gathered for one drawing. */
const gatherMs = 150;

const markOf = (call: number): string => `edit-${call}`;

interface Held {
  readonly id: Structure['id'];
  readonly key: string;
  edges: MaskEdges;
  /** For the slices. */
  mask: GrowingMask;
  /** Revision the voxels show. */
  revision: number;
  record: EditRecord | undefined;
  call: number;
  mesh: MeshData | undefined;
  pending: number;
}

/**
 * Working on structures: voxels here and in a worker, every finished change sent to the server at
 * once, one surface that follows. Structures that others changed are held too, for their outlines.
 */
export class EditSession {
  readonly state: Store<EditState>;
  readonly #port: EditPort;
  readonly #held = new Map<string, Held>();
  readonly #fetching = new Map<string, Promise<Held | undefined>>();
  /** Structures whose outlines are to come, and the last of them. */
  readonly #wanted = new Set<string>();
  #last: Promise<unknown> = Promise.resolve();
  /** Structures whose voxels are not to be had. */
  readonly #absent = new Set<string>();
  readonly #listeners = new Set<() => void>();
  readonly #calls = new Map<number, (diff: MaskEdges | undefined) => void>();
  #soon: ReturnType<typeof setTimeout> | undefined;
  #call = 0;
  #worker: Worker | undefined;
  #closed = false;

  constructor(port: EditPort) {
    this.#port = port;
    this.state = createStore<EditState>({
      id: undefined,
      tool: undefined,
      radius: 6,
      isDisc: false,
      remove: 'inside',
      hint: 'kidney',
      depth: undefined,
      isPreparing: false,
      isBusy: false,
      pending: 0,
    });
  }

  /** Called when something that is drawn over the views has changed. */
  onDrawn(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  redraw(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  /** Forty outlines that come in a row are drawn a few times, not each with all before it. */
  #redrawSoon(): void {
    this.#soon ??= setTimeout(() => {
      this.#soon = undefined;
      this.redraw();
    }, gatherMs);
  }

  /** Takes a structure into work. */
  async open(structure: Pick<Structure, 'id' | 'key'>, tool: HandTool = 'brush'): Promise<void> {
    this.state.set({ id: structure.id, tool, isPreparing: true });
    try {
      const held = await this.#hold(structure.id, structure.key);
      if (!held || this.state.get().id !== structure.id) return;
      this.#startRecord(held);
      this.#post({
        kind: 'open',
        id: held.id,
        key: held.key,
        size: held.mask.size,
        affine: held.mask.affine,
        mask: held.edges,
      });
    } catch (error) {
      notify(sentenceOf(error), 'trouble');
      this.finish();
    } finally {
      this.state.set({ isPreparing: false });
      this.redraw();
    }
  }

  /** Lays the structure aside; what was done to it is kept. */
  finish(): void {
    this.state.set({ id: undefined, tool: undefined });
    this.redraw();
  }

  setTool(tool: HandTool | undefined): void {
    this.state.set({ tool });
    this.redraw();
  }

  resize(factor: number): void {
    const wanted = Math.round(this.state.get().radius * factor * 2) / 2;
    const radius = Math.min(radiusRange.max, Math.max(radiusRange.min, wanted));
    this.state.set({ radius });
    this.redraw();
  }

  /** The voxels of a structure for its outline; undefined until they are here. */
  maskOf(structure: Pick<Structure, 'id' | 'key' | 'preview'>): GrowingMask | undefined {
    const held = this.#held.get(structure.id);
    if (held) return held.mask;
    if (!structure.preview && !this.#wanted.has(structure.id) && !this.#absent.has(structure.id)) {
      this.#wanted.add(structure.id);
      // One after another: what people wait for, slices and models, is fetched at the same time.
      this.#last = this.#last
        // No longer wanted: another series is shown.
        .then(() =>
          this.#wanted.has(structure.id) ? this.#hold(structure.id, structure.key) : undefined,
        )
        .then(() => this.#redrawSoon())
        // Without its voxels it has no outline; the model shows all the same.
        .catch(() => this.#absent.add(structure.id))
        .finally(() => this.#wanted.delete(structure.id));
    }
    return undefined;
  }

  edgesOf(id: string): MaskEdges | undefined {
    return this.#held.get(id)?.edges;
  }

  /** Whether everything that was done to a structure here is on the server's disk. */
  isSaved(id: string): boolean {
    const { id: inWork, isBusy } = this.state.get();
    return (this.#held.get(id)?.pending ?? 0) === 0 && !(isBusy && inWork === id);
  }

  /** Waits until that is so. */
  async saved(id: string): Promise<void> {
    while (!this.isSaved(id)) {
      await new Promise<void>((resolve) => {
        const stop = this.state.subscribe(() => {
          stop();
          resolve();
        });
      });
    }
  }

  /** The voxels of any structure, fetched when needed. @throws YuepianError */
  async voxelsOf(structure: Pick<Structure, 'id' | 'key'>): Promise<GrowingMask | undefined> {
    return (await this.#hold(structure.id, structure.key))?.mask;
  }

  /** The server says what there is now: others may have changed something. */
  sync(structures: readonly Structure[]): void {
    for (const s of structures) {
      const held = this.#held.get(s.id);
      if (!held) continue;
      const revision = s.edited?.revision ?? 0;
      const known = held.record ? held.record.expected : held.revision;
      if (revision > known) void this.#refetch(held);
      else if ((s.edited?.meshRevision ?? -1) >= known && held.pending === 0 && held.mesh) {
        held.mesh = undefined;
        this.#port.engine.setMesh(held.key, undefined);
      } else if (held.mesh && !this.#port.engine.meshOf(held.key)) {
        this.#port.engine.setMesh(held.key, held.mesh);
      }
    }
    const { id } = this.state.get();
    if (id !== undefined && !structures.some((s) => s.id === id) && this.#held.has(id)) {
      const held = this.#held.get(id);
      if (held && held.revision > 0) this.finish();
    }
  }

  /** Does something to the structure in work. @returns whether it changed a voxel. */
  async act(act: Act): Promise<boolean> {
    const { id } = this.state.get();
    const held = id === undefined ? undefined : this.#held.get(id);
    if (!held?.record) return false;
    const call = ++this.#call;
    this.state.set({ isBusy: true });
    performance.mark(markOf(call));
    const diff = await new Promise<MaskEdges | undefined>((resolve) => {
      this.#calls.set(call, resolve);
      this.#post({ kind: 'act', id: held.id, call, act });
    });
    this.state.set({ isBusy: this.#calls.size > 0 });
    if (!diff) return false;
    if (diff.length === 0) {
      notify(text().edit.nothing);
      return false;
    }
    this.#record(held, diff, act.tool, 'edit', call);
    this.#port.push({
      id: held.id,
      undo: () => this.#again(held.id, diff, act.tool, 'undo'),
      redo: () => this.#again(held.id, diff, act.tool, 'redo'),
    });
    return true;
  }

  /**
   * Image values of a part of the volume.
   * @throws YuepianError not_ready until the full level is loaded.
   */
  image(box: IndexBox): PlacedImage {
    const volume = this.#port.volume();
    if (!volume) throw new YuepianError('not_ready');
    return { box, image: cropImage(volume, box) };
  }

  /** The part of the volume around points. */
  boxAround(points: readonly PatientPoint[], mm: number): IndexBox | undefined {
    const volume = this.#port.volume();
    if (!volume) throw new YuepianError('not_ready');
    return boxAroundPoints(volume, points, mm);
  }

  volumeSize(): Volume['size'] | undefined {
    return this.#port.volume()?.size;
  }

  /** The part of the volume the structure in work takes. */
  ownBox(): IndexBox | undefined {
    const held = this.#held.get(this.state.get().id ?? '');
    return held && boxOfMask(held.edges, held.mask.size);
  }

  /** Another volume is shown. */
  clear(): void {
    this.finish();
    for (const held of this.#held.values()) held.record?.close();
    this.#held.clear();
    this.#wanted.clear();
    this.#absent.clear();
    this.#worker?.terminate();
    this.#worker = undefined;
    for (const resolve of this.#calls.values()) resolve(undefined);
    this.#calls.clear();
    this.state.set({ pending: 0, isBusy: false });
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#soon);
    this.clear();
  }

  #hold(id: Structure['id'], key: string): Promise<Held | undefined> {
    const known = this.#held.get(id);
    if (known) return Promise.resolve(known);
    const running = this.#fetching.get(id);
    if (running) return running;
    const fetching = this.#fetch(id, key).finally(() => this.#fetching.delete(id));
    this.#fetching.set(id, fetching);
    return fetching;
  }

  async #fetch(id: Structure['id'], key: string): Promise<Held | undefined> {
    const manifest = this.#port.manifest();
    const { head, mask } = await fetchMask(id);
    if (!manifest || this.#closed || head.volumeId !== manifest.id) return undefined;
    const held: Held = {
      id,
      key,
      edges: mask,
      mask: new GrowingMask(manifest.size, manifest.affine, mask),
      revision: head.revision,
      record: undefined,
      call: 0,
      mesh: undefined,
      pending: 0,
    };
    this.#held.set(id, held);
    return held;
  }

  #startRecord(held: Held): void {
    held.record ??= new EditRecord(held.id, held.revision, {
      pending: (count) => {
        held.pending = count;
        this.#count();
      },
      saved: (revision) => {
        held.revision = revision;
      },
      refused: (error) => {
        notify(sentenceOf(error), 'trouble');
        void this.#refetch(held);
      },
    });
  }

  #count(): void {
    const pending = [...this.#held.values()].reduce((n, h) => n + h.pending, 0);
    this.state.set({ pending });
  }

  /** What is here is no longer what there is: looks again. */
  async #refetch(old: Held): Promise<void> {
    if (this.#held.get(old.id) !== old) return;
    old.record?.close();
    this.#held.delete(old.id);
    this.#count();
    this.#port.forget(old.id);
    if (old.mesh) this.#port.engine.setMesh(old.key, undefined);
    this.#post({ kind: 'close', id: old.id });
    const { id, tool } = this.state.get();
    if (id === old.id) await this.open(old, tool ?? 'brush');
    else this.redraw();
  }

  #again(id: string, diff: MaskEdges, tool: EditTool, kind: 'undo' | 'redo'): void {
    const held = this.#held.get(id);
    if (!held?.record) return;
    const call = ++this.#call;
    this.#post({ kind: 'apply', id, call, diff });
    this.#record(held, diff, tool, kind, call);
  }

  #record(
    held: Held,
    diff: MaskEdges,
    tool: EditTool,
    kind: 'edit' | 'undo' | 'redo',
    call: number,
  ): void {
    held.edges = xorMasks(held.edges, diff);
    held.mask.toggle(diff);
    held.call = call;
    held.record?.add({ diff, tool, kind });
    this.redraw();
  }

  /** From the end of the hand's stroke to the frame that shows the new surface, for the bench. */
  #timed(call: number): void {
    requestAnimationFrame(() => {
      if (performance.getEntriesByName(markOf(call)).length === 0) return;
      performance.measure('edit.to-mesh', markOf(call));
      performance.clearMarks(markOf(call));
    });
  }

  #post(message: ToWorker): void {
    if (!this.#worker) {
      const worker = new Worker(new URL('./edit.worker.ts', import.meta.url), { type: 'module' });
      worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.#heard(data);
      this.#worker = worker;
    }
    this.#worker.postMessage(message);
  }

  #heard(message: FromWorker): void {
    const held = this.#held.get(message.id);
    if (message.kind === 'mesh') {
      if (!held || message.call < held.call) return;
      const { positions, normals, indices } = message;
      held.mesh = { positions, normals, indices };
      this.#port.engine.setMesh(held.key, held.mesh);
      this.#timed(message.call);
      return;
    }
    const answer = this.#calls.get(message.call);
    this.#calls.delete(message.call);
    if (message.kind === 'failed') {
      notify(sentenceOf(new YuepianError(message.code, message.details)), 'trouble');
      answer?.(undefined);
    } else answer?.(message.diff);
  }
}
