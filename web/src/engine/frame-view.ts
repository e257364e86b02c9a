import type { FrameStack } from '@yuepian/contract';
import {
  type CanvasPoint,
  canvasPoint,
  type PatientPoint,
  patientPoint,
  patientVector,
} from '@yuepian/geometry';
import { CanvasEasel, type Easel } from './easel.ts';
import { type FrameLook, paintGrey } from './frame-grey.ts';
import type { FramePixels } from './frame-session.ts';
import type { CameraState, Pick, Projection, Window } from './types.ts';
import { BaseView } from './view-base.ts';

export interface ShownFrame {
  readonly pixels: FramePixels;
  /** mm between rows and between columns; undefined where it cannot be trusted. */
  readonly spacing: readonly [number, number] | undefined;
  readonly invert: boolean;
  readonly edges: FrameStack['frames'][number]['edges'];
  readonly windows: FrameLook['windows'];
  readonly luts: FrameLook['luts'];
}

export interface FrameScene {
  frame: ShownFrame | undefined;
  window: Window;
  inverted: boolean;
  scrollBy: (steps: number) => void;
}

/** One frame at a time, painted by the CPU, which is exact, quick enough and needs no graphics card. */
export class FrameView extends BaseView {
  protected easel: Easel;
  readonly #scene: FrameScene;
  readonly #picture = document.createElement('canvas');
  #painted: { frame: FramePixels; key: string } | undefined;
  /** Middle of the view in (column, row), and CSS pixels per column. */
  #centre: [number, number] | undefined;
  #scale = 1;
  #fitted = true;

  constructor(options: { element: HTMLElement; scene: FrameScene; onDetach: () => void }) {
    super(options.element, 'frame', options.onDetach);
    this.#scene = options.scene;
    this.easel = new CanvasEasel((context) => this.#paint(context));
    this.mount();
  }

  /** Another stack: fitted again. */
  reset(): void {
    this.#centre = undefined;
    this.#fitted = true;
    this.#fit();
    this.invalidate();
  }

  /** The frame or its window changed; another matrix size is fitted again. */
  changed(): void {
    if (!this.#centre || this.#fitted) this.#fit();
    this.invalidate();
  }

  projection(): Projection | undefined {
    const f = this.#scene.frame;
    if (!f || !this.#centre || !this.visible) return undefined;
    const [kx, ky] = this.#steps(f);
    const [cx, cy] = this.#centre;
    const [w, h] = this.screen.size;
    return {
      space: 'frame',
      worldToCanvas: [kx, 0, 0, w / 2 - cx * kx, 0, ky, 0, h / 2 - cy * ky],
      toWorld: (p: CanvasPoint): PatientPoint =>
        patientPoint((p[0] - w / 2) / kx + cx, (p[1] - h / 2) / ky + cy, 0),
      toCanvas: (p: PatientPoint): CanvasPoint =>
        canvasPoint((p[0] - cx) * kx + w / 2, (p[1] - cy) * ky + h / 2),
      depth: (p: PatientPoint): number => -p[2],
      plane: {
        point: patientPoint(cx, cy, 0),
        normal: patientVector(0, 0, -1),
        up: patientVector(0, -1, 0),
        right: patientVector(1, 0, 0),
      },
      mmPerPixel: f.spacing ? f.spacing[1] / kx : Number.NaN,
      size: this.screen.size,
      devicePixelRatio: this.screen.devicePixelRatio,
      halfThickness: 0.5,
    };
  }

  pan(dx: number, dy: number): void {
    const f = this.#scene.frame;
    if (!f || !this.#centre) return;
    const [kx, ky] = this.#steps(f);
    this.#centre = [this.#centre[0] - dx / kx, this.#centre[1] - dy / ky];
    this.#fitted = false;
    this.invalidate();
  }

  zoom(factor: number, at?: CanvasPoint): void {
    const before = at && this.projection()?.toWorld(at);
    if (!(factor > 0) || !this.#centre) return;
    this.#scale = Math.min(64, Math.max(0.01, this.#scale * factor));
    this.#fitted = false;
    const after = at && this.projection()?.toWorld(at);
    if (before && after) {
      this.#centre = [
        this.#centre[0] + before[0] - after[0],
        this.#centre[1] + before[1] - after[1],
      ];
    }
    this.invalidate();
  }

  fit(): void {
    this.#fitted = true;
    this.#fit();
    this.invalidate();
  }

  override scroll(steps: number): void {
    this.#scene.scrollBy(Math.round(steps));
  }

  pick(at: CanvasPoint): Pick | undefined {
    const point = this.projection()?.toWorld(at);
    return point && { point };
  }

  /** As the file says; a single image is never turned here. */
  override edges(): ReturnType<BaseView['edges']> {
    return this.#scene.frame?.edges;
  }

  override camera(): CameraState | undefined {
    const c = this.#centre;
    if (!c || !this.visible) return undefined;
    const halfExtent = Math.min(...this.screen.size) / 2 / this.#scale;
    return { centre: [c[0], c[1], 0], normal: [0, 0, -1], up: [0, -1, 0], halfExtent };
  }

  override setCamera(c: CameraState): void {
    if (!this.visible || !(c.halfExtent > 0) || !c.centre.every(Number.isFinite)) return;
    this.#centre = [c.centre[0], c.centre[1]];
    this.#scale = Math.min(...this.screen.size) / 2 / c.halfExtent;
    this.#fitted = false;
    this.invalidate();
  }

  protected resized(): void {
    if (this.#fitted) this.#fit();
  }

  /** CSS pixels per column and per row: unequal spacing (ultrasound, film) is shown in proportion. */
  #steps(f: ShownFrame): readonly [number, number] {
    return [this.#scale, f.spacing ? (this.#scale * f.spacing[0]) / f.spacing[1] : this.#scale];
  }

  #fit(): void {
    const f = this.#scene.frame;
    if (!f || !this.visible) return;
    const { rows, columns } = f.pixels;
    const aspect = f.spacing ? f.spacing[0] / f.spacing[1] : 1;
    const [w, h] = this.screen.size;
    this.#scale = Math.min(w / columns, h / (rows * aspect));
    this.#centre = [(columns - 1) / 2, (rows - 1) / 2];
  }

  #paint(context: CanvasRenderingContext2D): void {
    const projection = this.projection();
    this.noteDrawn(projection);
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = '#000';
    context.fillRect(0, 0, context.canvas.width, context.canvas.height);
    const f = this.#scene.frame;
    if (!f || !projection) return;
    this.#render(f);
    const r = this.device[0] / this.screen.size[0];
    const m = projection.worldToCanvas;
    context.setTransform(m[0] * r, 0, 0, m[5] * r, m[3] * r, m[7] * r);
    context.imageSmoothingEnabled = true;
    context.imageSmoothingQuality = m[0] * r < 1 ? 'high' : 'low';
    // The picture's pixel (0, 0) has its centre at (0, 0).
    context.drawImage(this.#picture, -0.5, -0.5);
  }

  /** Window applied, at the frame's own size; kept until frame or window change. */
  #render(f: ShownFrame): void {
    const { centre, width } = this.#scene.window;
    const inverted = f.invert !== this.#scene.inverted;
    const key = `${centre}/${width}/${inverted}`;
    const { pixels } = f;
    if (this.#painted?.frame === pixels && this.#painted.key === key) return;
    this.#painted = { frame: pixels, key };
    if (this.#picture.width !== pixels.columns) this.#picture.width = pixels.columns;
    if (this.#picture.height !== pixels.rows) this.#picture.height = pixels.rows;
    const image = new ImageData(pixels.columns, pixels.rows);
    const out = new Uint32Array(image.data.buffer);
    if (pixels.colour) paintColour(pixels.samples, out);
    else {
      const { windows, luts } = f;
      paintGrey(pixels.samples, out, { window: { centre, width }, inverted, windows, luts });
    }
    this.#picture.getContext('2d')?.putImageData(image, 0, 0);
  }
}

function paintColour(samples: FramePixels['samples'], out: Uint32Array): void {
  for (let i = 0, s = 0; i < out.length; i++, s += 3) {
    const [r, g, b] = [samples[s] as number, samples[s + 1] as number, samples[s + 2] as number];
    out[i] = 0xff000000 | (b << 16) | (g << 8) | r;
  }
}
