/**
 * The filter of `delta-planes+zstd` (see volumeLevel.coding), without the Zstandard: both the server and
 * a browser's worker run it, so it lives beside the format it belongs to.
 *
 * Each row is replaced by its differences along x (the first value stays itself), modulo 2^16, so
 * that any input survives; zig-zag makes small differences of both signs small unsigned numbers
 * (0, −1, 1, −2 → 0, 1, 2, 3); then all low bytes come first and all high bytes after them, which
 * are almost all zero and cost next to nothing afterwards.
 */

/**
 * @param voxels whole rows, one after another.
 * @param rowLength voxels per row (nx).
 * @returns 2 bytes per voxel: the plane of low bytes, then the plane of high bytes.
 * @throws RangeError when the voxels are no whole number of rows.
 */
export function encodePlanes(voxels: Int16Array | Uint16Array, rowLength: number): Uint8Array {
  const n = voxels.length;
  checkRows(n, rowLength);
  const out = new Uint8Array(2 * n);
  const high = out.subarray(n);
  for (let start = 0; start < n; start += rowLength) {
    const end = start + rowLength;
    let previous = 0;
    for (let p = start; p < end; p++) {
      const value = voxels[p] as number;
      const difference = ((value - previous) << 16) >> 16;
      previous = value;
      const zigzag = (difference << 1) ^ (difference >> 31);
      out[p] = zigzag;
      high[p] = zigzag >> 8;
    }
  }
  return out;
}

/**
 * The inverse of `encodePlanes`, exact for every input.
 * @param bytes low plane then high plane, as `encodePlanes` gives them.
 * @param into where to put the voxels; a new array when left out.
 * @throws RangeError when the bytes are no whole number of rows, or `into` has another length.
 */
export function decodePlanes(
  bytes: Uint8Array,
  type: 'int16' | 'uint16',
  rowLength: number,
  into?: Int16Array | Uint16Array,
): Int16Array | Uint16Array {
  const n = bytes.length / 2;
  checkRows(n, rowLength);
  const out = into ?? (type === 'int16' ? new Int16Array(n) : new Uint16Array(n));
  if (out.length !== n) throw new RangeError('the target has another number of voxels');
  const high = bytes.subarray(n);
  for (let start = 0; start < n; start += rowLength) {
    const end = start + rowLength;
    let value = 0;
    for (let p = start; p < end; p++) {
      const zigzag = (bytes[p] as number) | ((high[p] as number) << 8);
      // Storing into 16 bits takes the sum modulo 2^16, which undoes the wrap of the encoder.
      value = (value + ((zigzag >>> 1) ^ -(zigzag & 1))) | 0;
      out[p] = value;
    }
  }
  return out;
}

function checkRows(voxels: number, rowLength: number): void {
  if (!Number.isInteger(rowLength) || rowLength < 1 || !Number.isInteger(voxels / rowLength)) {
    throw new RangeError('the data is no whole number of rows');
  }
}
