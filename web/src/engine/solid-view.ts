import { add, type CanvasPoint, dot, scale, subtract, type Vec3 } from '@yuepian/geometry';
import {
  type Camera,
  depthRange,
  edgeLetters,
  fromState,
  mmPerPixel,
  panBy,
  project,
  right,
  rotateCamera,
  sideBasis,
  toState,
  zoomAt,
} from './camera.ts';
import type { Card } from './card.ts';
import { clipRows } from './clip.ts';
import { CanvasEasel, type Easel, GlEasel } from './easel.ts';
import { diagonal, extentAlong, finestStep } from './grid.ts';
import { labelLookup, ownersOf } from './labels.ts';
import { type Hit, pickSurface, pickVolume, type Ray } from './picking.ts';
import { transferOf } from './presets.ts';
import { centreOf, type Scene } from './scene.ts';
import type { ScenePass, SolidScene } from './scene-pass.ts';
import type { CameraState, Pick, Projection, Quality, Side } from './types.ts';
import { BaseView } from './view-base.ts';
import type { VolumeActor } from './volume-actor.ts';

/** The largest picture painted, in device pixels; a larger view is scaled up. */
const cardPixels = 1920 * 1200;
const softwarePixels = 900 * 700;
/** How long after the last movement the picture is drawn in full. */
const restMs = 200;

/** The 3D view: volume rendering and models, parallel projection, camera in patient mm. */
export class SolidView extends BaseView {
  protected easel: Easel;
  readonly #scene: Scene;
  readonly #sharpen: () => void;
  #card: Card | undefined;
  #volume: VolumeActor | undefined;
  #renderer: GlEasel['seat']['renderer'] | undefined;
  #pass: ScenePass | undefined;
  #camera: Camera | undefined;
  /** Until someone zooms, a resize fits again. */
  #fitted = true;
  #quality: Quality = 'still';
  /** Someone said `interactive` and will say `still`. */
  #held = false;
  #rest: ReturnType<typeof setTimeout> | undefined;

  constructor(options: {
    element: HTMLElement;
    scene: Scene;
    card: Card | undefined;
    /** Asks for the voxels in memory to be put on the card as well. */
    sharpen: () => void;
    onDetach: () => void;
  }) {
    super(options.element, 'volume', options.onDetach);
    this.#scene = options.scene;
    this.#sharpen = options.sharpen;
    this.pixelLimit = options.scene.software ? softwarePixels : cardPixels;
    // Without a card the view stays black and the interface says why.
    this.easel = new CanvasEasel((c) => c.fillRect(0, 0, c.canvas.width, c.canvas.height), true);
    this.mount();
    this.reset();
    if (options.card) this.drawBy(options.card);
  }

  /** Draws from now on. */
  drawBy(card: Card): void {
    const { ScenePass, VolumeActor } = card.graphics;
    let pass: ScenePass | undefined;
    const easel = new GlEasel(card.stage, 'volume', (seat) => {
      pass = new ScenePass(seat.renderer, () => this.#solidScene());
      return pass;
    });
    this.#card = card;
    this.#pass = pass;
    this.#renderer = easel.seat.renderer;
    this.#volume = new VolumeActor(easel.seat.renderer, this.#scene.software);
    this.moveTo(easel);
    this.texture();
  }

  /** Another volume: from the front, all of it. */
  reset(): void {
    const { shown } = this.#scene;
    this.#fitted = true;
    this.#camera = shown && {
      ...sideBasis.A,
      centre: centreOf(shown),
      halfExtent: this.#wholeExtent(),
    };
    this.look();
  }

  /** Another level of the same volume. */
  texture(): void {
    this.#volume?.setTexture(this.#scene.shown?.texture);
    if (this.#scene.hurried) this.#setQuality('interactive');
    this.look();
  }

  /** Nothing more will come: the full picture, unless someone is just turning it. */
  settle(): void {
    if (!this.#held) this.#rest = setTimeout(() => this.#setQuality('still'), restMs);
  }

  /** Preset, window or visibility changed. */
  look(): void {
    const { preset, window, volumeVisible } = this.#scene;
    this.#volume?.setTransfer(
      transferOf(preset, window.centre - window.width / 2, window.centre + window.width / 2),
    );
    this.#volume?.setVisible(volumeVisible);
    this.#volume?.setClip(this.#scene.clip);
    this.measure();
    this.invalidate();
  }

  projection(): Projection | undefined {
    if (!this.#camera || !this.visible) return undefined;
    return project(this.#camera, this.screen, Number.POSITIVE_INFINITY);
  }

  pan(dx: number, dy: number): void {
    this.#change((c) => panBy(c, this.screen, dx, dy));
  }

  zoom(factor: number, at?: CanvasPoint): void {
    if (!(factor > 0)) return;
    this.#fitted = false;
    this.#change((c) => zoomAt(c, this.screen, factor, at));
  }

  /** Like a turntable: sideways about the patient's long axis, so that nobody ends up on the head. */
  override orbit(dx: number, dy: number): void {
    const perPixel = Math.PI / Math.min(...this.screen.size);
    const pivot = this.#pivot();
    this.#change((c) => {
      const upright: Vec3 = [0, 0, c.up[2] >= 0 ? 1 : -1];
      const turned = rotateCamera(c, upright, -dx * perPixel, pivot);
      return rotateCamera(turned, right(turned), -dy * perPixel, pivot);
    });
  }

  override roll(degrees: number): void {
    const pivot = this.#pivot();
    this.#change((c) => rotateCamera(c, c.normal, (degrees * Math.PI) / 180, pivot));
  }

  override orientTo(side: Side): void {
    const pivot = this.#pivot();
    this.#change((c) => {
      const basis = sideBasis[side];
      // What was in the middle stays as far from the middle as it was, seen from the new side.
      const off = subtract(c.centre, pivot);
      const [x, y] = [dot(off, right(c)), dot(off, c.up)];
      const centre = add(pivot, add(scale(right(basis), x), scale(basis.up, y)));
      return { ...basis, centre, halfExtent: c.halfExtent };
    });
  }

  fit(): void {
    const { shown } = this.#scene;
    if (!shown) return;
    this.#fitted = true;
    this.#change((c) => ({ ...c, centre: centreOf(shown), halfExtent: this.#wholeExtent() }));
  }

  pick(at: CanvasPoint): Pick | undefined {
    const p = this.projection();
    const { shown, models, modelsVisible, volumeVisible, preset, window, labels } = this.#scene;
    if (!p || !shown) return undefined;
    const reach = 2 * this.#radius();
    const ray: Ray = {
      origin: add(p.toWorld(at), scale(p.plane.normal, reach)),
      direction: scale(p.plane.normal, -1),
    };
    const surface = modelsVisible
      ? pickSurface(ray, models.surfaces(), clipRows(this.#scene.clip))
      : undefined;
    let voxel: Hit | undefined;
    if (volumeVisible && shown.volume) {
      const [lower, upper] = [window.centre - window.width / 2, window.centre + window.width / 2];
      voxel = pickVolume(
        ray,
        shown.volume,
        transferOf(preset, lower, upper),
        clipRows(this.#scene.clip),
      );
    }
    const nearer = [surface, voxel]
      .filter((h) => h !== undefined)
      .toSorted((a, b) => a.distance - b.distance)[0];
    if (!nearer) return undefined;
    if (nearer.key !== undefined) return { point: nearer.point, structureKey: nearer.key };
    const label = labels ? labelLookup(labels)(nearer.point) : 0;
    const key = ownersOf(models.labelled()).get(label);
    return key === undefined ? { point: nearer.point } : { point: nearer.point, structureKey: key };
  }

  override setQuality(q: Quality): void {
    this.#held = q === 'interactive';
    if (!(q === 'still' && this.#scene.hurried)) this.#setQuality(q);
  }

  override edges(): { left: string; right: string; top: string; bottom: string } | undefined {
    return this.#camera && edgeLetters(this.#camera);
  }

  override camera(): CameraState | undefined {
    return this.#camera && toState(this.#camera);
  }

  override setCamera(s: CameraState): void {
    this.#fitted = false;
    this.#change((c) => fromState(s, c));
  }

  override detach(): void {
    if (!this.attached) return;
    clearTimeout(this.#rest);
    // The seat's renderer is used again by the next view; nothing of this one may stay in it.
    this.#volume?.setTexture(undefined);
    this.#pass?.release();
    super.detach();
  }

  protected resized(): void {
    if (this.#fitted && this.#camera) {
      this.#camera = { ...this.#camera, halfExtent: this.#wholeExtent() };
    }
  }

  #change(change: (c: Camera) => Camera): void {
    if (!this.#camera || !this.visible) return;
    this.#camera = change(this.#camera);
    this.#setQuality('interactive');
    clearTimeout(this.#rest);
    if (!this.#held && !this.#scene.hurried) this.settle();
    this.invalidate();
  }

  #setQuality(q: Quality): void {
    if (q === 'still') clearTimeout(this.#rest);
    if (q === this.#quality) return;
    this.#quality = q;
    this.#volume?.setQuality(q);
    this.measure();
    this.invalidate();
  }

  /** Ray casting is worth a coarser picture while something moves; without a card, everything is. */
  protected override reduction(): 1 | 2 {
    const { volumeVisible, shown, software } = this.#scene;
    const heavy = volumeVisible && shown?.texture !== undefined;
    const moving = this.#quality === 'interactive';
    return (moving && (heavy || software)) || (heavy && software) ? 2 : 1;
  }

  #pivot(): Vec3 {
    const { shown, crosshair } = this.#scene;
    return crosshair ?? (shown ? centreOf(shown) : [0, 0, 0]);
  }

  /** Room for the volume seen from the front, with a little air. */
  #wholeExtent(): number {
    const { shown } = this.#scene;
    if (!shown || !this.visible) return 100;
    const [w, h] = this.screen.size;
    const across = extentAlong(shown.grid, right(sideBasis.A)) / w;
    const upright = extentAlong(shown.grid, sideBasis.A.up) / h;
    return 0.52 * Math.max(across, upright) * Math.min(w, h);
  }

  /** Everything within this of the camera's centre is drawn; the volume may lie to one side. */
  #radius(): number {
    const { shown } = this.#scene;
    const c = this.#camera;
    if (!shown || !c) return 500;
    return diagonal(shown.grid) + Math.hypot(...subtract(c.centre, centreOf(shown)));
  }

  /** Enlarged so far that the voxels on the card would be seen one by one. */
  #wantsFiner(c: Camera): boolean {
    const { volume, texture } = this.#scene.shown ?? {};
    if (!this.#volume?.drawn || !volume || !texture || texture.volume === volume) return false;
    const pixelMm = (mmPerPixel(c, this.screen) * this.screen.size[1]) / this.device[1];
    return this.#quality === 'still' && 2 * pixelMm < finestStep(texture.volume);
  }

  #solidScene(): SolidScene | undefined {
    const c = this.#camera;
    this.noteDrawn(this.projection());
    if (!c || !this.visible || !this.#renderer) return undefined;
    const depth = depthRange(this.#radius());
    this.#card?.graphics.applyCamera(this.#renderer, c, this.screen, depth);
    const { models, modelsVisible } = this.#scene;
    if (this.#wantsFiner(c)) this.#sharpen();
    return {
      camera: c,
      screen: this.screen,
      device: this.device,
      depth,
      meshes: modelsVisible ? models.drawn(this.#quality === 'interactive') : [],
      clip: this.#scene.clip,
      volume: this.#volume?.drawn ?? false,
      splits: this.#quality === 'interactive' || this.#scene.software ? 1 : 2,
      layers: this.#quality === 'interactive' ? 2 : 4,
    };
  }
}
