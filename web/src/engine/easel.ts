import type { RenderPass, Seat, Stage } from './stage.ts';

/** Where one view is painted: a host element with a canvas, sized by the view. */
export interface Easel {
  readonly host: HTMLElement;
  readonly canvas: HTMLCanvasElement;
  /** `device` pixels to paint; `shown` CSS size the canvas covers. */
  resize(device: readonly [number, number], shown: readonly [number, number]): void;
  /** Asks for one frame. */
  request(): void;
  /** `listener` runs after each frame. */
  onDrawn(listener: () => void): void;
  release(): void;
}

/** Painted by the graphics card through a render pass. */
export class GlEasel implements Easel {
  readonly seat: Seat;
  readonly #stage: Stage;
  readonly #kind: 'plane' | 'volume';
  #off: (() => void) | undefined;

  constructor(stage: Stage, kind: 'plane' | 'volume', pass: (seat: Seat) => RenderPass) {
    this.#stage = stage;
    this.#kind = kind;
    this.seat = stage.seat(kind);
    this.seat.setPass(pass(this.seat));
  }

  get host(): HTMLElement {
    return this.seat.host;
  }
  get canvas(): HTMLCanvasElement {
    return this.seat.canvas;
  }
  resize(device: readonly [number, number], shown: readonly [number, number]): void {
    this.seat.resize(device, shown);
  }
  request(): void {
    this.#stage.request(this.#kind, this.seat);
  }
  onDrawn(listener: () => void): void {
    this.#off?.();
    this.#off = this.seat.onRendered(listener);
  }
  release(): void {
    this.#off?.();
    this.#stage.park(this.#kind, this.seat);
  }
}

/** Painted by the CPU: single frames always, planes where there is no WebGL2. */
export class CanvasEasel implements Easel {
  readonly host: HTMLElement;
  readonly canvas: HTMLCanvasElement;
  readonly #paint: (context: CanvasRenderingContext2D) => void;
  readonly #settings: CanvasRenderingContext2DSettings;
  #device: readonly [number, number] = [1, 1];
  #drawn: () => void = () => undefined;
  #asked = 0;

  /** @param inMemory keeps the canvas off the card: right where the card is not set up yet. */
  constructor(paint: (context: CanvasRenderingContext2D) => void, inMemory = false) {
    this.#paint = paint;
    this.#settings = { alpha: false, willReadFrequently: inMemory };
    this.host = document.createElement('div');
    this.canvas = document.createElement('canvas');
    Object.assign(this.host.style, {
      position: 'absolute',
      inset: '0',
      overflow: 'hidden',
      background: '#000',
    });
    Object.assign(this.canvas.style, { position: 'absolute', left: '0', top: '0' });
    this.host.append(this.canvas);
  }

  resize(device: readonly [number, number], shown: readonly [number, number]): void {
    this.#device = device;
    this.canvas.style.width = `${shown[0]}px`;
    this.canvas.style.height = `${shown[1]}px`;
  }

  request(): void {
    if (this.#asked) return;
    this.#asked = requestAnimationFrame(() => {
      this.#asked = 0;
      const [w, h] = this.#device;
      // Setting the size clears; only together with the painting, or a resize flickers.
      if (this.canvas.width !== w || this.canvas.height !== h) {
        this.canvas.width = w;
        this.canvas.height = h;
      }
      const context = this.canvas.getContext('2d', this.#settings);
      if (!context) return;
      this.#paint(context);
      this.#drawn();
    });
  }

  onDrawn(listener: () => void): void {
    this.#drawn = listener;
  }

  release(): void {
    cancelAnimationFrame(this.#asked);
    this.host.remove();
  }
}
