import type { Normalisation } from '@yuepian/contract';
import type { Vec3 } from '@yuepian/geometry';

/** Values at quantiles 0…1 of the data; from a histogram of 4096 bins. */
export function quantiles(data: Float32Array, at: readonly number[]): number[] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const v of data) {
    if (v < low) low = v;
    if (v > high) high = v;
  }
  if (!(high > low)) return at.map(() => low);
  const bins = new Float64Array(4096);
  const scale = 4095 / (high - low);
  for (const v of data) {
    const bin = Math.round((v - low) * scale);
    bins[bin] = (bins[bin] as number) + 1;
  }
  return at.map((q) => {
    if (q <= 0) return low;
    if (q >= 1) return high;
    let seen = 0;
    for (let n = 0; n < bins.length; n++) {
      seen += bins[n] as number;
      if (seen >= q * data.length) return low + n / scale;
    }
    return high;
  });
}

/**
 * Function from a raw value to a network's input; quantiles and means are of all of `data`.
 * @param data values on the tensor grid. @param size its [W, H, D].
 * @param stored the volume's own values; conform takes its robust maximum before it resamples.
 */
export function normaliser(
  data: Float32Array,
  size: Vec3,
  stored: ArrayLike<number>,
  how: Normalisation,
): (value: number) => number {
  switch (how.kind) {
    case 'none':
      return (v) => v;
    case 'ct': {
      const [low, high] = how.clip;
      return (v) => (Math.min(high, Math.max(low, v)) - how.mean) / how.std;
    }
    case 'range': {
      const [low = 0, high = 1] = quantiles(data, [how.low, how.high]);
      const width = high > low ? high - low : 1;
      return how.clip
        ? (v) => Math.min(1, Math.max(0, (v - low) / width))
        : (v) => (v - low) / width;
    }
    case 'conformed':
      return conformed(data, size, stored, how);
    case 'zscore': {
      const { mean, std } = moments(data, how.foreground);
      return (v) => (how.foreground && v === 0 ? 0 : (v - mean) / std);
    }
  }
}

function moments(data: Float32Array, foreground: boolean): { mean: number; std: number } {
  let [n, sum, squares] = [0, 0, 0];
  for (const v of data) {
    if (foreground && v === 0) continue;
    n++;
    sum += v;
    squares += v * v;
  }
  const mean = n > 0 ? sum / n : 0;
  const variance = n > 0 ? squares / n - mean * mean : 0;
  return { mean, std: Math.max(Math.sqrt(Math.max(0, variance)), 1e-8) };
}

/**
 * The smallest value and FreeSurfer's robust maximum: a thousand bins between the extremes, and from
 * above as many voxels are left out as a thousandth of those that are not zero (`mri_convert
 * --conform`; FastSurfer's conform.py, `getscale` with f_low 0 and f_high 0.999).
 */
export function robustRange(stored: ArrayLike<number>): { low: number; high: number } {
  let [low, high, nonzero] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
  for (let n = 0; n < stored.length; n++) {
    const v = stored[n] as number;
    if (v < low) low = v;
    if (v > high) high = v;
    if (v !== 0) nonzero++;
  }
  if (!(high > low)) return { low, high };
  const count = 1000;
  const width = (high - low) / count;
  const bins = new Float64Array(count);
  for (let n = 0; n < stored.length; n++) {
    const bin = Math.min(count - 1, Math.floor(((stored[n] as number) - low) / width));
    bins[bin] = (bins[bin] as number) + 1;
  }
  const left = Math.floor(nonzero * 0.001);
  let above = 0;
  for (let n = count - 1; n > 0; n--) {
    above += bins[n] as number;
    if (above > left) return { low, high: low + (n + 1) * width };
  }
  return { low, high };
}

/**
 * What brainchop feeds its networks (`enableQuantileNorm` 5 and 95 %, otherwise smallest and biggest):
 * one bright vessel must not darken the brain, and how much air lies around a head must not either.
 */
function conformed(
  data: Float32Array,
  size: Vec3,
  stored: ArrayLike<number>,
  how: Extract<Normalisation, { kind: 'conformed' }>,
): (value: number) => number {
  const { low, high } = robustRange(stored);
  const scale = high > low ? 255 / (high - low) : 0;
  const eight = (v: number): number => Math.min(255, Math.max(0, Math.round((v - low) * scale)));
  const bins = new Float64Array(256);
  const first = size.map((n) => Math.max(0, Math.floor((n - how.cube) / 2)));
  const [w, h, d] = size.map((n) => Math.min(n, how.cube)) as unknown as Vec3;
  for (let z = 0; z < d; z++) {
    for (let y = 0; y < h; y++) {
      const row =
        (first[0] as number) +
        size[0] * ((first[1] as number) + y + size[1] * ((first[2] as number) + z));
      for (let x = 0; x < w; x++) {
        const bin = eight(data[row + x] as number);
        bins[bin] = (bins[bin] as number) + 1;
      }
    }
  }
  // The cube beyond the scan is filled with zeros.
  const total = how.cube ** 3;
  bins[0] = (bins[0] as number) + total - w * h * d;
  const at = (rank: number): number => {
    let seen = 0;
    for (let n = 0; n < 256; n++) {
      seen += bins[n] as number;
      if (seen > rank) return n;
    }
    return 255;
  };
  const bottom = at(Math.min(total - 1, Math.floor(total * how.low)));
  const top = at(Math.max(0, Math.ceil(total * how.high) - 1));
  const range = top > bottom ? top - bottom : 1;
  return (v) => (eight(v) - bottom) / range;
}
