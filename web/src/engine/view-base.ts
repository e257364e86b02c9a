import type { CanvasPoint, PatientVector } from '@yuepian/geometry';
import type { Screen } from './camera.ts';
import type { Easel } from './easel.ts';
import { Emitter } from './emitter.ts';
import type {
  CameraState,
  Pick,
  Projection,
  Quality,
  Side,
  SliceInfo,
  Unsubscribe,
  View,
  ViewKind,
} from './types.ts';

/**
 * What all views share: their place in the page, their size, and the frame that was drawn last.
 * Calls that make no sense for a kind do nothing.
 */
export abstract class BaseView implements View {
  readonly kind: ViewKind;
  readonly element: HTMLElement;
  protected abstract easel: Easel;
  /** Stays on top until the one that takes its place has drawn. */
  #leaving: Easel | undefined;
  protected screen: Screen = { size: [0, 0], devicePixelRatio: 1 };
  protected device: readonly [number, number] = [0, 0];
  /** The largest picture painted, in device pixels; a larger view is scaled up. */
  protected pixelLimit = 3840 * 2160;
  readonly #rendered = new Emitter<Projection>();
  readonly #onDetach: () => void;
  #observer: ResizeObserver | undefined;
  #attached = false;
  #drawn: Projection | undefined;
  #scale = 1;

  constructor(element: HTMLElement, kind: ViewKind, onDetach: () => void) {
    this.element = element;
    this.kind = kind;
    this.#onDetach = onDetach;
  }

  /** Called by the subclass once its easel is there. */
  protected mount(): void {
    if (getComputedStyle(this.element).position === 'static') {
      this.element.style.position = 'relative';
    }
    this.element.prepend(this.easel.host);
    this.easel.onDrawn(() => this.#wasDrawn());
    this.#attached = true;
    this.#observer = new ResizeObserver(() => this.measure());
    this.#observer.observe(this.element);
    // A window dragged to another screen changes the pixel ratio without resizing the element.
    window.addEventListener('resize', this.#onWindowResize);
    this.measure();
  }

  /** Paints on another easel from now on; the old picture stays until there is a new one. */
  protected moveTo(easel: Easel): void {
    this.#leaving?.release();
    this.#leaving = this.easel;
    this.easel = easel;
    this.#leaving.host.before(easel.host);
    easel.onDrawn(() => {
      this.#leaving?.release();
      this.#leaving = undefined;
      this.#wasDrawn();
    });
    if (!this.visible) return;
    easel.resize(this.device, this.screen.size);
    easel.request();
  }

  #wasDrawn(): void {
    if (this.#drawn) this.#rendered.emit(this.#drawn);
  }

  protected get attached(): boolean {
    return this.#attached;
  }
  protected get visible(): boolean {
    return this.#attached && this.screen.size[0] >= 2 && this.screen.size[1] >= 2;
  }

  /** The subclass tells what it draws, while it draws it. */
  protected noteDrawn(p: Projection | undefined): void {
    this.#drawn = p;
  }

  /** How many times smaller than the screen the picture is painted just now. */
  protected reduction(): 1 | 2 {
    return 1;
  }

  protected measure(): void {
    const reduce = this.reduction();
    const [w, h] = [this.element.clientWidth, this.element.clientHeight];
    const ratio = window.devicePixelRatio || 1;
    if (w < 2 || h < 2) {
      this.screen = { size: [0, 0], devicePixelRatio: ratio };
      return;
    }
    this.#scale = Math.min(ratio, Math.sqrt(this.pixelLimit / (w * h)));
    // Even, so that half a picture covers exactly the same place.
    const full = [w, h].map((x) => Math.max(2, Math.floor((x * this.#scale) / 2) * 2)) as [
      number,
      number,
    ];
    const size: [number, number] = [full[0] / this.#scale, full[1] / this.#scale];
    const device: [number, number] = [full[0] / reduce, full[1] / reduce];
    const changed =
      size[0] !== this.screen.size[0] ||
      size[1] !== this.screen.size[1] ||
      device[0] !== this.device[0] ||
      device[1] !== this.device[1];
    this.screen = { size, devicePixelRatio: device[0] / size[0] };
    this.device = device;
    if (!changed) return;
    this.easel.resize(device, size);
    this.resized();
    this.invalidate();
  }

  invalidate(): void {
    if (this.visible) this.easel.request();
  }

  onRendered(listener: (p: Projection) => void): Unsubscribe {
    return this.#rendered.on(listener);
  }

  async snapshot(): Promise<Blob> {
    return new Promise((resolve, reject) => {
      (this.#leaving ?? this.easel).canvas.toBlob((blob) => {
        if (blob) resolve(blob);
        else reject(new Error('the view has no picture'));
      });
    });
  }

  detach(): void {
    if (!this.#attached) return;
    this.#attached = false;
    this.#observer?.disconnect();
    window.removeEventListener('resize', this.#onWindowResize);
    this.#rendered.clear();
    this.#leaving?.release();
    this.easel.release();
    this.#onDetach();
  }

  readonly #onWindowResize = (): void => this.measure();

  abstract projection(): Projection | undefined;
  abstract pan(dx: number, dy: number): void;
  abstract zoom(factor: number, at?: CanvasPoint): void;
  abstract fit(): void;
  abstract pick(p: CanvasPoint): Pick | undefined;
  protected abstract resized(): void;

  scroll(_steps: number): void {}
  rotateOblique(_axis: 'normal' | 'up' | 'right' | PatientVector, _degrees: number): void {}
  resetOblique(): void {}
  orbit(_dx: number, _dy: number): void {}
  roll(_degrees: number): void {}
  orientTo(_side: Side): void {}
  setQuality(_q: Quality): void {}
  sliceInfo(): SliceInfo | undefined {
    return undefined;
  }
  edges(): { left: string; right: string; top: string; bottom: string } | undefined {
    return undefined;
  }
  camera(): CameraState | undefined {
    return undefined;
  }
  setCamera(_c: CameraState): void {}
}
