/**
 * Pixels of one bit (PS3.5 8.1.1): the first pixel is the lowest bit of the first byte, and frames
 * follow each other without padding, so a frame may start inside a byte.
 */

/** Sets the bits of one frame from a slice of labels. `member[label]` is 1 for labels of the segment. */
export function packFrame(
  bits: Uint8Array,
  firstBit: number,
  labels: Uint8Array,
  member: Uint8Array,
): void {
  let start = 0;
  if (firstBit % 8 === 0) {
    // Eight pixels a step, the usual case: rows × columns is a multiple of eight.
    let at = firstBit / 8;
    const whole = labels.length - (labels.length % 8);
    for (; start < whole; start += 8) {
      bits[at++] =
        (member[labels[start] as number] as number) |
        ((member[labels[start + 1] as number] as number) << 1) |
        ((member[labels[start + 2] as number] as number) << 2) |
        ((member[labels[start + 3] as number] as number) << 3) |
        ((member[labels[start + 4] as number] as number) << 4) |
        ((member[labels[start + 5] as number] as number) << 5) |
        ((member[labels[start + 6] as number] as number) << 6) |
        ((member[labels[start + 7] as number] as number) << 7);
    }
  }
  for (let i = start; i < labels.length; i++) {
    const bit = firstBit + i;
    if (member[labels[i] as number]) bits[bit >> 3] = (bits[bit >> 3] as number) | (1 << (bit & 7));
  }
}

/** One byte a pixel, 0 or 1. */
export function unpackFrame(bits: Uint8Array, firstBit: number, pixels: number): Uint8Array {
  const mask = new Uint8Array(pixels);
  for (let i = 0; i < pixels; i++) {
    const bit = firstBit + i;
    mask[i] = ((bits[Math.floor(bit / 8)] as number) >> (bit % 8)) & 1;
  }
  return mask;
}
