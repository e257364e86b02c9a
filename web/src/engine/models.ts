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
  /** Triangles of the level loaded or on its way; a finer one replaces it. */
  wanted: string | undefined;
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

/** Without a graphics card the finest surfaces cost more than they show. */
const softwareTriangles = 70_000;

/** The structures of the shown volume: meshes fetched when first visible, coarse before fine. */
export class Models {
  readonly #pool: DecodePool;
  readonly #software: boolean;
  readonly #changed: () => void;
  readonly #failed: (key: string, url: string, error: YuepianError) => void;
  readonly #models = new Map<string, Model>();
  #shapes: readonly { shape: Shape; mesh: Mesh }[] = [];
  #offsets: ReadonlyMap<string, Vec3> = new Map();

  constructor(options: {
    pool: DecodePool;
    software: boolean;
    changed: () => void;
    failed: (key: string, url: string, error: YuepianError) => void;
  }) {
    this.#pool = options.pool;
    this.#software = options.software;
    this.#changed = options.changed;
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
          wanted: undefined,
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

  #load(key: string): void {
    const model = this.#models.get(key);
    if (!model?.input.visible || model.wanted !== undefined || model.given) return;
    const { levels, meshUrl } = model.input;
    const affordable = this.#software
      ? levels.filter((l) => l.triangles <= softwareTriangles)
      : levels;
    const urls =
      levels.length === 0
        ? [meshUrl]
        : (affordable.length > 0 ? affordable : levels.slice(0, 1)).map((l) => l.url);
    const first = urls[0];
    const last = urls.at(-1);
    // A structure that has no model yet: somebody has just begun it.
    if (!first || !last) return;
    model.wanted = last;
    void this.#fetch(key, model, first === last ? [first] : [first, last]);
  }

  async #fetch(key: string, model: Model, urls: readonly string[]): Promise<void> {
    const { signal } = model.controller;
    for (const url of urls) {
      try {
        const absolute = new URL(url, location.href).href;
        const data = await this.#pool.mesh({ kind: 'mesh', url: absolute }, signal);
        if (signal.aborted) return;
        this.#put(model, new Mesh(data));
        this.#changed();
      } catch (error) {
        if (signal.aborted) return;
        model.wanted = undefined;
        this.#failed(key, url, ownError(error));
        return;
      }
    }
  }

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
    model.wanted = undefined;
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
