import { decodedFrame, type FrameStack, YuepianError } from '@yuepian/contract';
import { affineFromSteps, type Volume, type VoxelArray, voxelsFromBytes } from '@yuepian/geometry';
import { Emitter } from './emitter.ts';
import { fetchOk } from './fetch-bytes.ts';
import { fullWindow } from './frame-windows.ts';
import { ownError } from './own-error.ts';
import type { FrameProgress, FrameSession, Unsubscribe, Window } from './types.ts';

export interface FramePixels {
  readonly rows: number;
  readonly columns: number;
  readonly colour: boolean;
  /** Grey: one sample a pixel, after rescale; colour: RGB interleaved. */
  readonly samples: VoxelArray;
  readonly range: readonly [number, number];
}

/** Decoded frames kept: enough for a minute of ultrasound, not for a whole angiography. */
const cacheBytes = 256 * 2 ** 20;
const ahead = 8;

/** Single frames: fetched when shown, a few ahead, kept as long as there is room. */
export class FrameLoading implements FrameSession {
  readonly stack: FrameStack;
  readonly #controller = new AbortController();
  readonly #changed = new Emitter<FrameProgress>();
  readonly #frames = new Map<number, FramePixels>();
  readonly #pending = new Map<number, Promise<FramePixels>>();
  readonly #show: (frame: FramePixels, index: number) => void;
  readonly #hide: () => void;
  readonly #failed: (index: number, error: YuepianError) => void;
  #bytes = 0;
  #index = 0;
  #shownIndex: number | undefined;
  #failure: YuepianError | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(options: {
    stack: FrameStack;
    signal: AbortSignal | undefined;
    show: (frame: FramePixels, index: number) => void;
    /** Another image is asked for than the one that is shown, and it is not here yet. */
    hide: () => void;
    failed: (index: number, error: YuepianError) => void;
  }) {
    this.stack = options.stack;
    this.#show = options.show;
    this.#hide = options.hide;
    this.#failed = options.failed;
    options.signal?.addEventListener('abort', () => this.close(), { once: true });
    if (options.signal?.aborted) this.#controller.abort();
    else this.show(0);
  }

  get index(): number {
    return this.#index;
  }
  get shownIndex(): number | undefined {
    return this.#shownIndex;
  }
  get failure(): YuepianError | undefined {
    return this.#failure;
  }
  get loaded(): number {
    return this.#frames.size;
  }
  get playing(): boolean {
    return this.#timer !== undefined;
  }

  show(index: number): void {
    const last = this.stack.frames.length - 1;
    this.#index = Math.min(last, Math.max(0, Math.round(index)));
    this.#failure = undefined;
    const known = this.#frames.get(this.#index);
    if (known) this.#present(known, this.#index);
    else {
      // Pixels of one image under the number of another would be read, and measured, as that one.
      if (this.#shownIndex !== undefined) this.#hide();
      this.#shownIndex = undefined;
      this.#emit();
      void this.#fetchAndPresent(this.#index);
    }
    for (let i = 1; i <= ahead && this.#index + i <= last; i++) {
      this.#frame(this.#index + i).catch(() => undefined);
    }
  }

  play(framesPerSecond: number = this.stack.cineRate): void {
    this.stop();
    const period = 1000 / Math.min(60, Math.max(0.5, framesPerSecond));
    this.#timer = setInterval(() => {
      const next = (this.#index + 1) % this.stack.frames.length;
      // Better slower than with frames left out: a reader counts on seeing each.
      if (this.#frames.has(next)) this.show(next);
      else this.#frame(next).catch((error: unknown) => this.#stopAt(next, error));
    }, period);
    this.#emit();
  }

  stop(): void {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#emit();
  }

  onChange(listener: (s: FrameProgress) => void): Unsubscribe {
    return this.#changed.on(listener);
  }

  get fullWindow(): Window | undefined {
    const frame = this.#shownFrame;
    return frame && !frame.colour ? fullWindow(frame.range) : undefined;
  }

  get #shownFrame(): FramePixels | undefined {
    return this.#shownIndex === undefined ? undefined : this.#frames.get(this.#shownIndex);
  }

  valueAt(column: number, row: number): readonly number[] | undefined {
    const frame = this.#shownFrame;
    const [x, y] = [Math.round(column), Math.round(row)];
    if (!frame || x < 0 || y < 0 || x >= frame.columns || y >= frame.rows) return undefined;
    const n = frame.colour ? 3 : 1;
    const at = (y * frame.columns + x) * n;
    return Array.from(frame.samples.subarray(at, at + n));
  }

  valuesOf(index: number): Volume | 'colour' | undefined {
    const frame = this.#frames.get(index);
    return frame && greyOf(frame);
  }

  close(): void {
    this.stop();
    this.#controller.abort();
    this.#changed.clear();
    this.#frames.clear();
    this.#bytes = 0;
  }

  #present(frame: FramePixels, index: number): void {
    this.#shownIndex = index;
    this.#show(frame, index);
    this.#emit();
  }

  async #fetchAndPresent(index: number): Promise<void> {
    try {
      const frame = await this.#frame(index);
      // A slow frame must not overtake the one asked for later.
      if (index !== this.#index || this.#controller.signal.aborted) return;
      this.#present(frame, index);
    } catch (error) {
      if (this.#controller.signal.aborted) return;
      this.#fail(index, error);
    }
  }

  /**
   * A running cine stands still at a frame that cannot be had, and says so: left out, a reader would
   * believe to have seen all. Played again it goes on behind it.
   */
  #stopAt(index: number, error: unknown): void {
    const isNext = index === (this.#index + 1) % this.stack.frames.length;
    if (!this.playing || !isNext || this.#controller.signal.aborted) return;
    this.stop();
    if (this.#shownIndex !== undefined) this.#hide();
    this.#shownIndex = undefined;
    this.#index = index;
    this.#fail(index, error);
  }

  #fail(index: number, error: unknown): void {
    if (index === this.#index) {
      this.#failure = ownError(error);
      this.#emit();
    }
    this.#failed(index, ownError(error));
  }

  #frame(index: number): Promise<FramePixels> {
    const known = this.#frames.get(index);
    if (known) return Promise.resolve(known);
    const pending = this.#pending.get(index);
    if (pending) return pending;
    const loading = this.#fetch(index).finally(() => this.#pending.delete(index));
    this.#pending.set(index, loading);
    return loading;
  }

  async #fetch(index: number): Promise<FramePixels> {
    const frame = this.stack.frames[index];
    if (!frame) throw new YuepianError('not_found', { what: `frame ${index + 1}` });
    const url = new URL(frame.url, location.href).href;
    const response = await fetchOk(url, this.#controller.signal);
    const header = decodedFrame.safeParse(JSON.parse(response.headers.get('x-frame') ?? 'null'));
    if (!header.success) throw new YuepianError('cannot_decode', { reason: 'x-frame' });
    const { rows, columns, samplesPerPixel, voxelType, valueRange } = header.data;
    const samples = voxelsFromBytes(voxelType, new Uint8Array(await response.arrayBuffer()));
    const expected = rows * columns * samplesPerPixel;
    if (samples.length !== expected) {
      throw new YuepianError('pixel_data_short', { expected, actual: samples.length });
    }
    const colour = samplesPerPixel === 3;
    const range = valueRange ?? (colour ? ([0, 255] as const) : extremes(samples));
    const made: FramePixels = { rows, columns, colour, samples, range };
    this.#keep(index, made);
    return made;
  }

  #keep(index: number, frame: FramePixels): void {
    if (this.#controller.signal.aborted) return;
    this.#frames.set(index, frame);
    this.#bytes += frame.samples.byteLength;
    for (const [old, { samples }] of this.#frames) {
      if (this.#bytes <= cacheBytes) break;
      if (old === this.#index || old === this.#shownIndex || old === index) continue;
      this.#frames.delete(old);
      this.#bytes -= samples.byteLength;
    }
  }

  #emit(): void {
    const { index, shownIndex, failure, playing, loaded } = this;
    this.#changed.emit({ index, shownIndex, failure, playing, loaded });
  }
}

const greys = new WeakMap<FramePixels, Volume | 'colour'>();

/** A colour frame whose pixels are all grey (most ultrasound is sent so) has values, too. */
function greyOf(frame: FramePixels): Volume | 'colour' {
  const known = greys.get(frame);
  if (known) return known;
  const data = frame.colour ? greyInColour(frame.samples) : frame.samples;
  const made: Volume | 'colour' = data
    ? {
        size: [frame.columns, frame.rows, 1],
        affine: affineFromSteps([1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0]),
        frameOfReferenceUid: '',
        data,
      }
    : 'colour';
  greys.set(frame, made);
  return made;
}

function greyInColour(rgb: VoxelArray): VoxelArray | undefined {
  for (let i = 0; i < rgb.length; i += 3) {
    if (rgb[i] !== rgb[i + 1] || rgb[i] !== rgb[i + 2]) return undefined;
  }
  return Uint8Array.from({ length: rgb.length / 3 }, (_, n) => rgb[3 * n] ?? 0);
}

function extremes(samples: VoxelArray): readonly [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < samples.length; i++) {
    const v = samples[i] as number;
    if (v < low) low = v;
    if (v > high) high = v;
  }
  return low <= high ? [low, high] : [0, 1];
}
