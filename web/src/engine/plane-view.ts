import { shapeOf } from '@yuepian/contract';
import {
  add,
  type CanvasPoint,
  dot,
  type PatientPoint,
  type PatientVector,
  scale,
  subtract,
  unit,
  type Vec3,
} from '@yuepian/geometry';
import {
  type Camera,
  countDirection,
  edgeLetters,
  fromState,
  panBy,
  planeBasis,
  project,
  right,
  rotateCamera,
  toState,
  zoomAt,
} from './camera.ts';
import type { Card } from './card.ts';
import { CanvasEasel, type Easel, GlEasel } from './easel.ts';
import { extentAlong, type SliceRange, sliceIndexAt, sliceRange } from './grid.ts';
import { labelLookup, ownersOf } from './labels.ts';
import type { Scene } from './scene.ts';
import { centreOf } from './scene.ts';
import { paintSlice } from './slice-cpu.ts';
import { SlicePass, type SliceScene } from './slice-pass.ts';
import { type StoredSlice, storedSlice } from './stored-slice.ts';
import type { CameraState, Pick, PlaneKind, Projection, SliceInfo } from './types.ts';
import { BaseView } from './view-base.ts';

/** A plane through the crosshair: axial, coronal, sagittal, or turned from one of them. */
export class PlaneView extends BaseView {
  protected easel: Easel;
  readonly #plane: PlaneKind;
  readonly #scene: Scene;
  readonly #moveCrosshair: (p: PatientPoint) => void;
  readonly #sharpen: () => void;
  #pass: SlicePass | undefined;
  #camera: Camera | undefined;
  /** Until someone zooms or pans, a resize fits again. */
  #fitted = true;

  constructor(options: {
    element: HTMLElement;
    kind: PlaneKind;
    scene: Scene;
    card: Card | undefined;
    moveCrosshair: (p: PatientPoint) => void;
    /** Asks for the voxels in memory to be put on the card as well. */
    sharpen: () => void;
    onDetach: () => void;
  }) {
    super(options.element, options.kind, options.onDetach);
    this.#plane = options.kind;
    this.#scene = options.scene;
    this.#moveCrosshair = options.moveCrosshair;
    this.#sharpen = options.sharpen;
    this.easel = options.card
      ? this.#cardEasel(options.card)
      : new CanvasEasel((context) => paintSlice(context, this.#sliceScene(), this.#scene), true);
    this.mount();
    this.reset();
  }

  /** Draws by the card from now on; the first slices are there long before it is. */
  drawBy(card: Card): void {
    this.moveTo(this.#cardEasel(card));
  }

  #cardEasel(card: Card): Easel {
    this.#pass = new SlicePass(() => this.#sliceScene());
    const pass = this.#pass;
    return new GlEasel(card.stage, 'plane', () => pass);
  }

  override detach(): void {
    super.detach();
    this.#pass?.release();
  }

  /** Another volume: back to the standard plane, fitted. */
  reset(): void {
    this.#fitted = true;
    this.#camera = undefined;
    const { shown } = this.#scene;
    if (shown) {
      const { normal, up } = planeBasis[this.#plane];
      this.#camera = { centre: centreOf(shown), normal, up, halfExtent: 100 };
      this.#fitExtent();
      this.follow();
    }
    this.invalidate();
  }

  /** Moves the plane to the crosshair; draws only when that changes the picture. */
  follow(keepInSight = false): void {
    const [c, p] = [this.#camera, this.#scene.crosshair];
    if (!c || !p) return;
    const range = this.#range(c);
    const d = this.#countAxis(c);
    const position = range ? snapped(range, dot(p, d)) : dot(p, d);
    let centre: Vec3 = add(c.centre, scale(d, position - dot(c.centre, d)));
    if (keepInSight && this.visible) {
      const [x, y] = project({ ...c, centre }, this.screen, 0).toCanvas(p);
      const [w, h] = this.screen.size;
      const margin = 0.04 * Math.min(w, h);
      if (x < margin || y < margin || x > w - margin || y > h - margin) {
        const off = subtract(p, centre);
        centre = add(centre, subtract(off, scale(c.normal, dot(off, c.normal))));
      }
    }
    const moved = subtract(centre, c.centre);
    if (Math.hypot(...moved) < 1e-9) return;
    this.#camera = { ...c, centre };
    this.invalidate();
  }

  projection(): Projection | undefined {
    const c = this.#camera;
    if (!c || !this.visible) return undefined;
    return project(c, this.screen, this.#halfThickness(c));
  }

  pan(dx: number, dy: number): void {
    this.#change((c) => panBy(c, this.screen, dx, dy));
  }

  zoom(factor: number, at?: CanvasPoint): void {
    if (factor > 0) this.#change((c) => zoomAt(c, this.screen, factor, at));
  }

  override scroll(steps: number): void {
    const [c, p] = [this.#camera, this.#scene.crosshair];
    const range = c && this.#range(c);
    if (!c || !p || !range) return;
    const d = this.#countAxis(c);
    const index = sliceIndexAt(range, dot(c.centre, d)) + Math.round(steps);
    const position = range.first + Math.min(range.count - 1, Math.max(0, index)) * range.step;
    const q = add(p, scale(d, position - dot(p, d)));
    this.#moveCrosshair(q as PatientPoint);
  }

  override rotateOblique(axis: 'normal' | 'up' | 'right' | PatientVector, degrees: number): void {
    const [c, pivot] = [this.#camera, this.#scene.crosshair];
    if (!c || !pivot) return;
    const direction =
      axis === 'normal'
        ? c.normal
        : axis === 'up'
          ? c.up
          : axis === 'right'
            ? right(c)
            : unit(axis);
    this.#camera = rotateCamera(c, direction, (degrees * Math.PI) / 180, pivot);
    this.follow();
    this.invalidate();
  }

  override resetOblique(): void {
    const c = this.#camera;
    if (!c) return;
    this.#camera = { ...c, ...planeBasis[this.#plane] };
    this.#keepCentre();
    this.follow();
    this.invalidate();
  }

  fit(): void {
    const { shown } = this.#scene;
    const c = this.#camera;
    if (!shown || !c) return;
    this.#camera = { ...c, centre: centreOf(shown) };
    this.#fitted = true;
    this.#fitExtent();
    this.follow();
    this.invalidate();
  }

  pick(at: CanvasPoint): Pick | undefined {
    const p = this.projection()?.toWorld(at);
    if (!p) return undefined;
    const { labels, models, modelsVisible } = this.#scene;
    if (!labels || !modelsVisible) return { point: p };
    const key = ownersOf(models.labelled()).get(labelLookup(labels)(p));
    return key === undefined ? { point: p } : { point: p, structureKey: key };
  }

  override sliceInfo(): SliceInfo | undefined {
    const c = this.#camera;
    const range = c && this.#range(c);
    if (!c || !range) return undefined;
    const axis = [0, 1, 2].reduce((best, a) =>
      Math.abs(c.normal[a] ?? 0) > Math.abs(c.normal[best] ?? 0) ? a : best,
    );
    const { slab } = this.#scene;
    return {
      index: sliceIndexAt(range, dot(c.centre, this.#countAxis(c))) + 1,
      count: range.count,
      positionMm: c.centre[axis] ?? 0,
      thickness: slab.mode === 'none' ? range.step : Math.max(slab.thickness, range.step),
      oblique: this.#isTurned(c),
    };
  }

  override edges(): { left: string; right: string; top: string; bottom: string } | undefined {
    return this.#camera && edgeLetters(this.#camera);
  }

  override camera(): CameraState | undefined {
    return this.#camera && toState(this.#camera);
  }

  override setCamera(s: CameraState): void {
    this.#change((c) => fromState(s, c));
  }

  protected resized(): void {
    if (this.#fitted) this.#fitExtent();
  }

  #change(change: (c: Camera) => Camera): void {
    if (!this.#camera || !this.visible) return;
    this.#camera = change(this.#camera);
    this.#fitted = false;
    this.invalidate();
  }

  /** Turned by hand. A tilted scan's standard planes cut its grid obliquely and are still standard. */
  #isTurned(c: Camera): boolean {
    return Math.abs(dot(c.normal, planeBasis[this.#plane].normal)) < 1 - 1e-9;
  }

  /** Axis of counting: the normal, turned the way a reader counts. */
  #countAxis(c: Camera): Vec3 {
    const sign = Math.sign(dot(planeBasis[this.#plane].normal, countDirection[this.#plane]));
    return scale(c.normal, sign);
  }

  #range(c: Camera): SliceRange | undefined {
    const { shown } = this.#scene;
    return shown && sliceRange(shown.grid, this.#countAxis(c));
  }

  #halfThickness(c: Camera): number {
    const { slab } = this.#scene;
    const step = this.#range(c)?.step ?? 1;
    return Math.max(slab.mode === 'none' ? 0 : slab.thickness, step) / 2;
  }

  #fitExtent(): void {
    const { shown } = this.#scene;
    const c = this.#camera;
    if (!shown || !c || !this.visible) return;
    const [w, h] = this.screen.size;
    const perPixel = Math.max(
      extentAlong(shown.grid, right(c)) / w,
      extentAlong(shown.grid, c.up) / h,
    );
    this.#camera = { ...c, halfExtent: (perPixel * Math.min(w, h)) / 2 };
  }

  /** After a change of direction the picture stays centred on what it was centred on. */
  #keepCentre(): void {
    const [c, p] = [this.#camera, this.#scene.crosshair];
    if (c && p) {
      this.#camera = {
        ...c,
        centre: add(c.centre, scale(c.normal, dot(subtract(p, c.centre), c.normal))),
      };
    }
  }

  /** The slice in memory where only coarser voxels are on the card. */
  #stored(c: Camera): StoredSlice | undefined {
    const { shown, slab } = this.#scene;
    if (!shown?.volume || !shown.texture || shown.texture.volume === shown.volume) return undefined;
    const stored = slab.mode === 'none' ? storedSlice(shown.volume, c) : undefined;
    if (!stored) this.#sharpen();
    return stored;
  }

  #sliceScene(): SliceScene | undefined {
    const c = this.#camera;
    this.noteDrawn(this.projection());
    const { shown, window, windows, inverted, slab, outlines, labelTexture } = this.#scene;
    if (!c || !this.visible) return undefined;
    const stored = this.#stored(c);
    return {
      camera: c,
      screen: this.screen,
      device: this.device,
      texture: shown?.texture,
      stored,
      window,
      curve: shapeOf(windows, window).function,
      inverted,
      slab,
      outlines: outlines ? labelTexture : undefined,
    };
  }
}

/**
 * On a plane parallel to the slices the nearest stored slice is shown as it is, never a blend of two;
 * an oblique plane goes exactly through the point.
 */
const snapped = (r: SliceRange, position: number): number =>
  r.oblique ? position : r.first + sliceIndexAt(r, position) * r.step;
