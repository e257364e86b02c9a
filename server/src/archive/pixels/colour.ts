/**
 * YBR → RGB (PS3.3 §C.7.6.3.1.2; ITU-R BT.601 coefficients), interleaved, 8 bits.
 * `partial` is the retired studio-range form (16…235, 16…240).
 */
export function ybrToRgb(ybr: Uint8Array, partial: boolean): Uint8Array {
  const rgb = new Uint8ClampedArray(ybr.length);
  const gain = partial ? 255 / 219 : 1;
  const chroma = partial ? 255 / 224 : 1;
  const black = partial ? 16 : 0;
  for (let i = 0; i + 2 < ybr.length; i += 3) {
    const y = ((ybr[i] as number) - black) * gain;
    const cb = ((ybr[i + 1] as number) - 128) * chroma;
    const cr = ((ybr[i + 2] as number) - 128) * chroma;
    rgb[i] = y + 1.402 * cr;
    rgb[i + 1] = y - 0.344136 * cb - 0.714136 * cr;
    rgb[i + 2] = y + 1.772 * cb;
  }
  return new Uint8Array(rgb.buffer);
}

/** Y1 Y2 Cb Cr for each pair of pixels → Y Cb Cr for each pixel. */
export function expand422(packed: Uint8Array, pixels: number): Uint8Array {
  const ybr = new Uint8Array(pixels * 3);
  for (let pair = 0, i = 0, o = 0; pair < pixels; pair += 2, i += 4) {
    const cb = packed[i + 2] as number;
    const cr = packed[i + 3] as number;
    for (let k = 0; k < 2 && pair + k < pixels; k++) {
      ybr[o++] = packed[i + k] as number;
      ybr[o++] = cb;
      ybr[o++] = cr;
    }
  }
  return ybr;
}

/** RRR…GGG…BBB… → RGBRGB… for samples of any width. */
export function interleave<T extends Uint8Array | Uint16Array | Int16Array>(planar: T, out: T): T {
  const pixels = planar.length / 3;
  for (let p = 0, o = 0; p < pixels; p++) {
    out[o++] = planar[p] as number;
    out[o++] = planar[p + pixels] as number;
    out[o++] = planar[p + 2 * pixels] as number;
  }
  return out;
}
