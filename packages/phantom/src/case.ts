import type { PatientStudy } from '@yuepian/dicom';
import type { Affine, LabelMap, Vec3, Volume } from '@yuepian/geometry';
import { type Scene, SceneRenderer, trueVolumes } from './core/scene.ts';

export interface PhantomOptions {
  /** Columns and rows of a slice; the field of view stays, so pixels grow or shrink. */
  readonly size?: number;
  /** Number of slices; the anatomy covered stays, so their distance changes. */
  readonly slices?: number;
  /** The same seed gives the same patient, byte for byte. */
  readonly seed?: number;
}

export interface RenderedSlice {
  /** HU (CT) or signal (MR); size × size. */
  readonly values: Int16Array | Uint16Array;
  readonly labels: Uint8Array;
}

export interface PhantomTruth {
  /** Points a surgeon measures to, LPS mm. */
  readonly landmarks: Readonly<Record<string, Vec3>>;
  /** Distances between landmarks or surfaces in mm, from the shapes' formulas. */
  readonly distances: Readonly<Record<string, number>>;
  /** Mean value each structure was painted with, where it has one. */
  readonly values: Readonly<Record<string, number>>;
  /** True volume in mL by structure key, from the shapes, not from voxels. Takes some seconds once. */
  readonly volumesMl: Readonly<Record<string, number>>;
}

export interface SeriesIdentity {
  readonly patientStudy: PatientStudy;
  readonly modality: 'CT' | 'MR';
  readonly seriesInstanceUid: string;
  readonly seriesNumber: number;
  readonly seriesDescription: string;
  readonly protocolName: string;
  readonly bodyPart: string;
}

const scenes = new Map<string, WeakRef<Scene>>();

/** A synthetic patient on a grid: render slices one at a time, or ask for the whole volume. */
export class PhantomCase {
  readonly kind: 'ct-abdomen' | 'mr-head';
  readonly seed: number;
  readonly size: Vec3;
  readonly affine: Affine;
  readonly frameOfReferenceUid: string;
  readonly identity: SeriesIdentity;
  /** Segments of the label map; `skin` and `bone` own the labels of what lies in them. */
  readonly segments: LabelMap['segments'];
  readonly #makeScene: () => Scene;
  #renderer: SceneRenderer | undefined;
  readonly #truth: Omit<PhantomTruth, 'volumesMl'>;
  #volumes: Record<string, number> | undefined;
  #rendered: { volume: Volume<Int16Array | Uint16Array>; labelMap: LabelMap } | undefined;

  constructor(plan: {
    kind: 'ct-abdomen' | 'mr-head';
    seed: number;
    size: Vec3;
    affine: Affine;
    frameOfReferenceUid: string;
    identity: SeriesIdentity;
    segments: LabelMap['segments'];
    /** Called when the first slice is asked for. */
    scene: () => Scene;
    truth: Omit<PhantomTruth, 'volumesMl'>;
  }) {
    this.kind = plan.kind;
    this.seed = plan.seed;
    this.size = plan.size;
    this.affine = plan.affine;
    this.frameOfReferenceUid = plan.frameOfReferenceUid;
    this.identity = plan.identity;
    this.segments = plan.segments;
    this.#makeScene = plan.scene;
    this.#truth = plan.truth;
  }

  /** Slice k, from the feet up. */
  renderSlice(k: number): RenderedSlice {
    const n = this.size[0] * this.size[1];
    const values = this.identity.modality === 'CT' ? new Int16Array(n) : new Uint16Array(n);
    const labels = new Uint8Array(n);
    const m = this.affine;
    this.#renderer ??= new SceneRenderer(
      this.#scene(),
      { x0: m[3], y0: m[7], dx: m[0], dy: m[5], nx: this.size[0], ny: this.size[1] },
      this.seed,
    );
    this.#renderer.render(m[11] + k * m[10], m[10], k, values, labels);
    return { values, labels };
  }

  /** All slices; rendered on the first call and kept. */
  get volume(): Volume<Int16Array | Uint16Array> {
    return this.#render().volume;
  }

  /** The truth on the voxel grid: a voxel belongs to the structure its centre lies in. */
  get labelMap(): LabelMap {
    return this.#render().labelMap;
  }

  get truth(): PhantomTruth {
    this.#volumes ??= trueVolumes(this.#scene());
    return { ...this.#truth, volumesMl: this.#volumes };
  }

  /** Shapes do not depend on the grid: cases of the same patient share them while they live. */
  #scene(): Scene {
    const key = `${this.kind} ${this.seed}`;
    const known = scenes.get(key)?.deref();
    if (known) return known;
    const scene = this.#makeScene();
    scenes.set(key, new WeakRef(scene));
    return scene;
  }

  #render() {
    if (this.#rendered) return this.#rendered;
    const plane = this.size[0] * this.size[1];
    const n = plane * this.size[2];
    const data = this.identity.modality === 'CT' ? new Int16Array(n) : new Uint16Array(n);
    const labels = new Uint8Array(n);
    for (let k = 0; k < this.size[2]; k++) {
      const slice = this.renderSlice(k);
      data.set(slice.values, k * plane);
      labels.set(slice.labels, k * plane);
    }
    const grid = {
      size: this.size,
      affine: this.affine,
      frameOfReferenceUid: this.frameOfReferenceUid,
    };
    this.#rendered = {
      volume: { ...grid, data },
      labelMap: { ...grid, data: labels, segments: this.segments },
    };
    return this.#rendered;
  }
}
