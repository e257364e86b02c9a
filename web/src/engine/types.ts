import type {
  FrameStack,
  Structure,
  StructureLook,
  VoiWindow,
  VolumeManifest,
  YuepianError,
} from '@yuepian/contract';
import type { CanvasPoint, PatientPoint, PatientVector, Vec3, Volume } from '@yuepian/geometry';
import type { ClipPlane } from './clip.ts';
import type { Shape } from './models.ts';
import type { MeshData } from './worker-messages.ts';

export type { ClipPlane, MeshData, Shape };

export type PlaneKind = 'axial' | 'coronal' | 'sagittal';
/** `frame` shows single images (X-ray, ultrasound); the other four show one volume together. */
export type ViewKind = PlaneKind | 'volume' | 'frame';

export interface Window {
  readonly centre: number;
  readonly width: number;
}
export interface Slab {
  readonly mode: 'none' | 'max' | 'min' | 'mean';
  /** mm; below one voxel it is a plain slice. */
  readonly thickness: number;
}
/** A side of the patient to look from: Anterior, Posterior, Left, Right, Head, Foot. */
export type Side = 'A' | 'P' | 'L' | 'R' | 'H' | 'F';
/** How fast against how fine the 3D view is drawn. `interactive` while something moves. */
export type Quality = 'interactive' | 'still';

/**
 * What the engine cannot do or had to give up. A closed set; the interface has the words.
 * - no_webgl2: no 3D and planes are drawn by the CPU
 * - volume_too_large_for_graphics: planes and 3D stay at the level that fits (numbers stay exact)
 * - context_lost: the graphics chip was reset; the page has to be opened again
 * - slab_failed / labels_failed / mesh_failed: a piece could not be fetched or decoded
 */
export type ProblemCode =
  | 'no_webgl2'
  | 'volume_too_large_for_graphics'
  | 'context_lost'
  | 'volume_failed'
  | 'labels_failed'
  | 'mesh_failed'
  | 'frame_failed';
export interface Problem {
  readonly code: ProblemCode;
  readonly error?: YuepianError;
  readonly details: Readonly<Record<string, string | number>>;
}

export interface Capabilities {
  /** False: the 3D view cannot be drawn; planes are drawn by the CPU. */
  readonly volume: boolean;
  readonly max3dTextureSize: number;
  /** 16-bit textures: half the graphics memory. */
  readonly norm16: boolean;
  /** What the driver calls itself; for a support line only. */
  readonly renderer: string;
  readonly software: boolean;
}

/** What was on the screen in one frame; everything in CSS pixels, y down. */
export interface Projection {
  /** `patient`: LPS mm. `frame`: (column, row, 0) in pixels of the image, integers at centres. */
  readonly space: 'patient' | 'frame';
  /** Row-major 2×4: x' = m0·x + m1·y + m2·z + m3, y' = m4·x + … + m7. */
  readonly worldToCanvas: readonly [number, number, number, number, number, number, number, number];
  /** Point on the view's plane under a canvas point. 3D: on the plane through the orbit centre. */
  toWorld(p: CanvasPoint): PatientPoint;
  toCanvas(p: PatientPoint): CanvasPoint;
  /** Signed distance of a point from the plane in mm, positive towards the viewer. */
  depth(p: PatientPoint): number;
  readonly plane: {
    readonly point: PatientPoint;
    /** Towards the viewer. */
    readonly normal: PatientVector;
    readonly up: PatientVector;
    readonly right: PatientVector;
  };
  /** mm of patient space per CSS pixel; NaN for a frame of unknown spacing. */
  readonly mmPerPixel: number;
  /** CSS pixels. */
  readonly size: readonly [number, number];
  readonly devicePixelRatio: number;
  /** Half the slab: a mark within this distance of the plane lies "on" it, mm. */
  readonly halfThickness: number;
}

export interface SliceInfo {
  /** 1-based along the view's normal, as a reader counts. */
  readonly index: number;
  readonly count: number;
  /** Position along the patient axis nearest to the view's normal, mm (e.g. table position). */
  readonly positionMm: number;
  /** Slab thickness or slice step in mm. */
  readonly thickness: number;
  /** Turned away from the plane's standard direction. */
  readonly oblique: boolean;
}

export interface Pick {
  readonly point: PatientPoint;
  /** Structure key under the point, where there is one. */
  readonly structureKey?: string;
}

export type Unsubscribe = () => void;

/** One picture on the screen. Attach it to an element; every call takes effect on the next frame. */
export interface View {
  readonly kind: ViewKind;
  readonly element: HTMLElement;
  /** Undefined while nothing is shown or the element has no size. Call once a frame. */
  projection(): Projection | undefined;
  /** After each frame, with the projection that frame was drawn with. */
  onRendered(listener: (p: Projection) => void): Unsubscribe;
  /** CSS pixels. */
  pan(dx: number, dy: number): void;
  /** factor > 1 enlarges; `at` stays under the finger (default: centre). */
  zoom(factor: number, at?: CanvasPoint): void;
  /** Planes: slices, positive towards the viewer's far side as the reader counts up. Frames: frames. */
  scroll(steps: number): void;
  /** Planes: turn the plane by degrees about the view's own axis through the crosshair (`normal` spins the picture, `up` and `right` tilt it), or about any direction (another plane's normal, when its reference line is turned). */
  rotateOblique(axis: 'normal' | 'up' | 'right' | PatientVector, degrees: number): void;
  resetOblique(): void;
  /** 3D: orbit by CSS pixels; a drag across the view is half a turn. */
  orbit(dx: number, dy: number): void;
  /** 3D: turn about the line of sight, degrees. */
  roll(degrees: number): void;
  /** 3D: look from a side of the patient. */
  orientTo(side: Side): void;
  /** Whole image into the view; keeps the slice. */
  fit(): void;
  /**
   * What is under a canvas point. Planes: the plane's point. 3D: the first visible surface or
   * opaque voxel, undefined when the ray hits nothing.
   */
  pick(p: CanvasPoint): Pick | undefined;
  setQuality(q: Quality): void;
  sliceInfo(): SliceInfo | undefined;
  /** Letters of the four edges, e.g. {left: 'R', right: 'L', top: 'A', bottom: 'P'}. */
  edges(): { left: string; right: string; top: string; bottom: string } | undefined;
  /** Camera as plain numbers in mm, to keep or to send. */
  camera(): CameraState | undefined;
  setCamera(c: CameraState): void;
  /** PNG of what is shown, without overlays. */
  snapshot(): Promise<Blob>;
  /** Gives the picture's place back; the view is dead afterwards. Safe to call twice. */
  detach(): void;
}

/** Enough to show the same anatomy on any screen. LPS mm. */
export interface CameraState {
  readonly centre: readonly [number, number, number];
  readonly normal: readonly [number, number, number];
  readonly up: readonly [number, number, number];
  /** mm from the middle to the nearer edge of the view. */
  readonly halfExtent: number;
}

export interface VolumeProgress {
  /** Level on the screen; undefined before the first. */
  readonly shown: number | undefined;
  /** 0…1 of all bytes of all levels that will be loaded. */
  readonly fraction: number;
  /** True while the pixels are averaged ones: say so on the screen. */
  readonly preview: boolean;
  /** True when nothing more will come. */
  readonly complete: boolean;
}

export interface VolumeSession {
  readonly manifest: VolumeManifest;
  readonly progress: VolumeProgress;
  onProgress(listener: (p: VolumeProgress) => void): Unsubscribe;
  /** Settles when the finest level to be had is on the screen. @throws YuepianError */
  readonly done: Promise<void>;
  /** Value of the nearest voxel of the full level; undefined outside or until it is loaded. */
  valueAt(p: PatientPoint): { readonly value: number; readonly unit: string } | undefined;
  /** The full level for statistics; undefined until it is loaded. Do not change it. */
  fullVolume(): Volume | undefined;
  close(): void;
}

/** Which single image is asked for, and whether it is there. */
export interface FrameProgress {
  /** The one asked for, 0-based. */
  readonly index: number;
  /** The one whose pixels are on the screen; undefined while there are none of the one asked for. */
  readonly shownIndex: number | undefined;
  /** Why the one asked for cannot be had. */
  readonly failure: YuepianError | undefined;
  readonly playing: boolean;
  readonly loaded: number;
}

export interface FrameSession extends FrameProgress {
  readonly stack: FrameStack;
  show(index: number): void;
  play(framesPerSecond?: number): void;
  stop(): void;
  onChange(listener: (s: FrameProgress) => void): Unsubscribe;
  /** Every value of the shown image, as a window; undefined for colour and while there is none. */
  readonly fullWindow: Window | undefined;
  /** Stored value at (column, row) of the shown frame; RGB as three numbers. */
  valueAt(column: number, row: number): readonly number[] | undefined;
  /**
   * The grey values of a frame as one slice in pixel coordinates (column, row, 0), after rescale;
   * `colour` where a pixel has no single value, undefined while the frame is not here.
   */
  valuesOf(index: number): Volume | 'colour' | undefined;
  close(): void;
}

/** What the engine needs of a structure; `Structure` of the contract fits. */
export type StructureInput = Pick_<
  Structure,
  'key' | 'colour' | 'opacity' | 'labels' | 'levels' | 'meshUrl'
> & { readonly visible: boolean };
type Pick_<T, K extends keyof T> = { readonly [P in K]: T[P] };

/** uint8 labels on one pyramid level, coded as `gzip`. */
export interface LabelMapInput {
  readonly level: number;
  readonly url: string;
}

export interface VolumePreset {
  readonly name: string;
  readonly zh: string;
  readonly en: string;
  /** Modalities it is offered for first. */
  readonly modalities: readonly string[];
}

export interface EngineOptions {
  onProblem(problem: Problem): void;
  /** How bytes are fetched; the default sends the session cookie. */
  readonly fetch?: typeof fetch;
  /** Stop at this level (phones: 1). Default 0, or 1 where memory is short. */
  readonly finestLevel?: number;
}

/** Everything the views share. One per tab, for life. */
export interface Engine {
  readonly capabilities: Capabilities;
  attach(element: HTMLElement, kind: ViewKind): View;

  /** A volume that will most likely be shown next: its coarsest level is fetched ahead. */
  prepare(manifest: VolumeManifest): void;
  /** Shows a volume in the planes and in 3D; replaces what was shown. */
  showVolume(manifest: VolumeManifest, options?: { signal?: AbortSignal }): VolumeSession;
  showFrames(stack: FrameStack, options?: { signal?: AbortSignal }): FrameSession;
  /** Nothing shown; memory of the volume and the models given back. */
  clear(): void;

  /** The models of the shown volume. Those no longer named are dropped; meshes are fetched when visible. */
  setStructures(structures: readonly StructureInput[], labelMap?: LabelMapInput): void;
  updateLook(key: string, look: Partial<StructureLook>): void;
  /** Where a structure is: centre and radius of its mesh, once loaded. */
  structureBounds(key: string): { centre: PatientPoint; radius: number } | undefined;
  /** A point inside a structure, where it is widest; of its mesh the middle, while there are no labels. */
  structurePoint(key: string): PatientPoint | undefined;
  /** Shows a surface in place of a structure's files, right now; undefined goes back to the files. */
  setMesh(key: string, mesh: MeshData | undefined): void;
  /** The surface that is shown of a structure, LPS mm. */
  meshOf(key: string): MeshData | undefined;
  /** Surfaces that are no structures: a margin, the parts of a plan. */
  setShapes(shapes: readonly Shape[]): void;
  /** Volume and models are shown on the side of every plane's normal; at most six. */
  setClip(planes: readonly ClipPlane[]): void;
  /** Structures drawn apart: mm from their places, by key. Measures and picks stay in the patient. */
  setOffsets(offsets: ReadonlyMap<string, Vec3>): void;

  readonly crosshair: PatientPoint | undefined;
  /** Every plane goes through the point; a plane pans only when the point would be out of sight. */
  jumpTo(p: PatientPoint): void;
  /** Also while scrolling, at most once a frame. */
  onCrosshair(listener: (p: PatientPoint) => void): Unsubscribe;

  readonly window: Window;
  /**
   * Planes, frames, and the 3D view where a preset follows the window. Undefined: as the file says,
   * which for single images is each its own.
   */
  setWindow(w: Window | undefined): void;
  /** The shown image's or volume's own windows, first = default. */
  readonly defaultWindows: readonly VoiWindow[];
  setInvert(invert: boolean): void;
  setSlab(s: Slab): void;
  /** Outlines of visible structures in the planes. */
  setOutlines(on: boolean): void;

  readonly volumePresets: readonly VolumePreset[];
  setVolumePreset(name: string): void;
  setVolumeVisible(visible: boolean): void;
  setModelsVisible(visible: boolean): void;
}
