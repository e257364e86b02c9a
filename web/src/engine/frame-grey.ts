import {
  decodeVoiLut,
  type GreyTable,
  greyCurve,
  linearGreys,
  shapeOf,
  type VoiLut,
  type VoiWindow,
} from '@yuepian/contract';
import type { VoxelArray } from '@yuepian/geometry';
import type { Window } from './types.ts';

/** How a frame's values become greys. */
export interface FrameLook {
  readonly window: Window;
  readonly inverted: boolean;
  /** The file's own windows of this frame: they say what shape a window has. */
  readonly windows: readonly VoiWindow[];
  /** Tables that the windows name by number. */
  readonly luts: readonly VoiLut[];
}

const tables = new WeakMap<VoiLut, GreyTable>();

function tableOf(lut: VoiLut): GreyTable {
  const known = tables.get(lut) ?? decodeVoiLut(lut);
  tables.set(lut, known);
  return known;
}

/** Values of a frame as opaque grey RGBA, little-endian (PS3.3 C.11.2). */
export function paintGrey(samples: VoxelArray, out: Uint32Array, look: FrameLook): void {
  const { window, inverted } = look;
  const shape = shapeOf(look.windows, window);
  const lut = shape.lut === undefined ? undefined : look.luts[shape.lut];
  const whole = !(samples instanceof Float32Array);
  if (lut || shape.function === 'SIGMOID') {
    const curve = greyCurve({ ...window, ...shape }, whole, lut && tableOf(lut));
    paintCurve(samples, out, (v) => 255 * (inverted ? 1 - curve(v) : curve(v)));
    return;
  }
  const [slope, intercept] = linearGreys(window, whole, shape.function);
  const [a, b] = inverted ? [-255 * slope, 255 * (1 - intercept)] : [255 * slope, 255 * intercept];
  for (let i = 0; i < out.length; i++) {
    const v = (samples[i] as number) * a + b;
    out[i] = opaque(v <= 0 ? 0 : v >= 255 ? 255 : (v + 0.5) | 0);
  }
}

const opaque = (grey: number): number => 0xff000000 | (grey << 16) | (grey << 8) | grey;

/** A curve is worked out once for each whole value, not for each pixel. */
function paintCurve(samples: VoxelArray, out: Uint32Array, level: (value: number) => number): void {
  if (samples instanceof Float32Array) {
    for (let i = 0; i < out.length; i++) out[i] = opaque(Math.round(level(samples[i] as number)));
    return;
  }
  const first = samples instanceof Int16Array ? -32768 : 0;
  const known = new Uint32Array(samples instanceof Uint8Array ? 256 : 65536);
  for (let i = 0; i < out.length; i++) {
    const value = samples[i] as number;
    // Opaque pixels are never 0, so 0 stands for one not worked out yet.
    let pixel = known[value - first] as number;
    if (pixel === 0) {
      pixel = opaque(Math.round(level(value)));
      known[value - first] = pixel;
    }
    out[i] = pixel;
  }
}
