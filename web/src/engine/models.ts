import type { StructureLook, YuepianError } from '@yuepian/contract';
import type { PatientPoint, Vec3 } from '@yuepian/geometry';
import type { DecodePool } from './decode-pool.ts';
import type { Labelled } from './labels.ts';
import { Mesh } from './mesh.ts';
import { ownError } from './own-error.ts';
import type { Surface } from './picking.ts';
import type { DrawnMesh } from './scene-pass.ts';
import type { StructureInput } from './types.ts';
import type { MeshData } from './worker-messages.ts';

interface Model {
  input: StructureInput;
  mesh: Mesh | undefined;
  /** The coarsest level, kept for movement where the processor draws. */
  coarse: Mesh | undefined;
  /** Of the files, coarse first: the one that is there or on its way; none is −1. */
  level: number;
  controller: AbortController;
  /** Its surface was given, not fetched; files wait until it is taken back. */
  given: boolean;
  /** What is shown belongs to an earlier content; the next surface that arrives takes its place. */
  stale: boolean;
}

/** A surface that is no structure: a margin, a part of a plan. */
export interface Shape {
  readonly key: string;
  readonly mesh: MeshData;
  readonly colour: string;
  readonly opacity: number;
}

interface MeshFile {
  readonly triangles: number;
  readonly url: string;
}
const levelsOf = ({ levels, meshUrl }: StructureInput): readonly MeshFile[] =>
  levels.length > 0 ? levels : meshUrl ? [{ triangles: 0, url: meshUrl }] : [];

/** Without a graphics card the finest surfaces cost more than they show: of one, and of all seen. */
const softwareTriangles = { one: 70_000, all: 300_000 };

/** How many triangles each surface may have, so that all of them have as many as can be drawn. */
export function affordable(seen: readonly (readonly MeshFile[])[]): number {
  const counts = seen.flat().map((l) => l.triangles);
  const fits = (limit: number): boolean =>
    seen.reduce(
      (n, levels) =>
        n + ((levels.findLast((l) => l.triangles <= limit) ?? levels[0])?.triangles ?? 0),
      0,
    ) <= softwareTriangles.all;
  return (
    counts
      .filter((n) => n <= softwareTriangles.one)
      .toSorted((a, b) => b - a)
      .find(fits) ?? 0
  );
}

/** How long surfaces that arrive are gathered for one frame. */
const gatherMs = 1000;

/** The structures of the shown volume: meshes fetched when first visible, coarse before fine. */
export class Models {
  readonly #pool: DecodePool;
  readonly #software: boolean;
  readonly #changed: () => void;
  readonly #came: () => void;
  readonly #failed: (key: string, url: string, error: YuepianError) => void;
  readonly #models = new Map<string, Model>();
  #shapes: readonly { shape: Shape; mesh: Mesh }[] = [];
  #offsets: ReadonlyMap<string, Vec3> = new Map();
  /** Surfaces that are on their way. */
  #coming = 0;
  #gathering: ReturnType<typeof setTimeout> | undefined;
  #refining: ReturnType<typeof setTimeout> | undefined;

  constructor(options: {
    pool: DecodePool;
    software: boolean;
    changed: () => void;
    /** Surfaces have come; nothing else is different. */
    came: () => void;
    failed: (key: string, url: string, error: YuepianError) => void;
  }) {
    this.#pool = options.pool;
    this.#software = options.software;
    this.#changed = options.changed;
    this.#came = options.came;
    this.#failed = options.failed;
  }

  set(structures: readonly StructureInput[]): void {
    const named = new Set(structures.map((s) => s.key));
    for (const [key, model] of this.#models) {
      if (!named.has(key)) this.#drop(key, model);
    }
    for (const input of structures) {
      const known = this.#models.get(input.key);
      if (known && known.input.meshUrl !== input.meshUrl) this.#renew(known);
      const model = this.#models.get(input.key);
      if (model) model.input = input;
      else {
        this.#models.set(input.key, {
          input,
          mesh: undefined,
          coarse: undefined,
          level: -1,
          controller: new AbortController(),
          given: false,
          stale: false,
        });
      }
      this.#load(input.key);
    }
    this.#changed();
  }

  look(key: string, look: Partial<StructureLook>): void {
    const model = this.#models.get(key);
    if (!model) return;
    model.input = { ...model.input, ...look };
    this.#load(key);
    this.#changed();
  }

  /** Shows a surface in place of a structure's files; undefined goes back to the files. */
  give(key: string, data: MeshData | undefined): void {
    const model = this.#models.get(key);
    if (!model) return;
    this.#renew(model);
    model.given = data !== undefined;
    if (data) this.#put(model, new Mesh(data));
    else this.#load(key);
    this.#changed();
  }

  setShapes(shapes: readonly Shape[]): void {
    const kept = new Map(this.#shapes.map((s) => [s.shape.mesh, s.mesh]));
    const next = shapes.map((shape) => ({
      shape,
      mesh: kept.get(shape.mesh) ?? new Mesh(shape.mesh),
    }));
    for (const { mesh } of this.#shapes) if (!next.some((n) => n.mesh === mesh)) mesh.release();
    this.#shapes = next;
    this.#changed();
  }

  setOffsets(offsets: ReadonlyMap<string, Vec3>): void {
    this.#offsets = offsets;
    this.#changed();
  }

  data(key: string): MeshData | undefined {
    return this.#models.get(key)?.mesh?.data;
  }

  clear(): void {
    clearTimeout(this.#refining);
    for (const [key, model] of this.#models) this.#drop(key, model);
    this.setShapes([]);
    this.#offsets = new Map();
  }

  get any(): boolean {
    return [...this.#models.values()].some((m) => m.input.visible);
  }

  bounds(key: string): { centre: PatientPoint; radius: number } | undefined {
    const mesh = this.#models.get(key)?.mesh;
    return mesh && { centre: mesh.centre, radius: mesh.radius };
  }

  /** @param moving asks for what is drawn fast rather than fine. */
  drawn(moving: boolean): readonly DrawnMesh[] {
    const shapes = this.#shapes.map(({ shape, mesh }) => ({
      mesh,
      rgb: rgbOf(shape.colour),
      opacity: shape.opacity,
    }));
    const models = this.#visible().map(({ input, mesh, coarse }) => ({
      mesh: moving ? (coarse ?? mesh) : mesh,
      rgb: rgbOf(input.colour),
      opacity: input.opacity,
      offset: this.#offsets.get(input.key),
    }));
    return [...models, ...shapes];
  }

  surfaces(): readonly Surface[] {
    return this.#visible().map(({ input, mesh }) => ({
      key: input.key,
      opacity: input.opacity,
      positions: mesh.data.positions,
      indices: mesh.data.indices,
      centre: mesh.centre,
      radius: mesh.radius,
      offset: this.#offsets.get(input.key),
    }));
  }

  labelled(): readonly Labelled[] {
    return [...this.#models.values()].map((m) => m.input);
  }

  /** RGBA of each label for outlines; alpha 0 where no visible structure owns it. */
  lookTable(owners: ReadonlyMap<number, string>): Uint8Array {
    const table = new Uint8Array(256 * 4);
    for (const [label, key] of owners) {
      const model = this.#models.get(key);
      if (!model || label > 255) continue;
      const [r, g, b] = rgbOf(model.input.colour);
      table.set([r * 255, g * 255, b * 255, 255], label * 4);
    }
    return table;
  }

  #visible(): readonly { input: StructureInput; mesh: Mesh; coarse: Mesh | undefined }[] {
    return [...this.#models.values()].flatMap(({ input, mesh, coarse }) =>
      mesh && input.visible ? [{ input, mesh, coarse }] : [],
    );
  }

  /** Its coarsest surface, if it is to be seen and has none; finer ones follow. */
  #load(key: string): void {
    const model = this.#models.get(key);
    if (!model?.input.visible || model.given) return;
    if (model.level >= 0) this.#refineSoon();
    else void this.#fetch(key, model, 0);
  }

  async #fetch(key: string, model: Model, level: number): Promise<void> {
    const url = levelsOf(model.input)[level]?.url;
    // A structure that has no model yet: somebody has just begun it.
    if (!url) return;
    const { signal } = model.controller;
    model.level = level;
    this.#coming++;
    try {
      const turn = level === 0 ? 'early' : 'late';
      const absolute = new URL(url, location.href).href;
      const data = await this.#pool.mesh({ kind: 'mesh', url: absolute }, turn, signal);
      if (!signal.aborted) this.#put(model, new Mesh(data));
    } catch (error) {
      if (signal.aborted) return;
      model.level = -1;
      this.#failed(key, url, ownError(error));
    } finally {
      this.#coming--;
      this.#arrived();
      if (model.level === 0) this.#refineSoon();
    }
  }

  /** Without a card not at once: hiding all but one is many changes in a row. */
  #refineSoon(): void {
    clearTimeout(this.#refining);
    this.#refining = setTimeout(() => this.#refine(), this.#software ? gatherMs : 0);
  }

  #refine(): void {
    const seen = [...this.#models].filter(([, m]) => m.input.visible && !m.given && m.level >= 0);
    const limit = this.#software ? affordable(seen.map(([, m]) => levelsOf(m.input))) : Infinity;
    for (const [key, model] of seen) {
      const level = levelsOf(model.input).findLastIndex((l) => l.triangles <= limit);
      if (model.mesh && level > model.level) void this.#fetch(key, model, level);
    }
  }

  /** Many surfaces come in a row; without a card a frame for each costs more than all of them. */
  #arrived(): void {
    if (this.#software && this.#coming > 0) {
      this.#gathering ??= setTimeout(this.#show, gatherMs);
    } else this.#show();
  }

  readonly #show = (): void => {
    clearTimeout(this.#gathering);
    this.#gathering = undefined;
    this.#came();
  };

  #put(model: Model, mesh: Mesh): void {
    if (model.stale) {
      if (model.coarse !== model.mesh) model.coarse?.release();
      model.mesh?.release();
      model.coarse = undefined;
      model.mesh = undefined;
      model.stale = false;
    }
    if (this.#software) model.coarse ??= model.mesh;
    if (model.mesh !== model.coarse) model.mesh?.release();
    model.mesh = mesh;
  }

  /** Another content is to come; what is there stays on the screen until then. */
  #renew(model: Model): void {
    model.controller.abort();
    model.controller = new AbortController();
    model.level = -1;
    model.stale = true;
  }

  #drop(key: string, model: Model): void {
    model.controller.abort();
    model.mesh?.release();
    model.coarse?.release();
    this.#models.delete(key);
  }
}

/** `#rrggbb` → 0…1. */
export function rgbOf(colour: string): Vec3 {
  const n = Number.parseInt(colour.slice(1), 16);
  return [((n >> 16) & 255) / 255, ((n >> 8) & 255) / 255, (n & 255) / 255];
}
