import type { Mesh } from '../mesh.ts';

/**
 * Binary STL. The format has neither unit nor axes; the 80-byte header says "LPS mm" and the key.
 * It must not begin with "solid", which would announce the text form.
 */
export function toStl(mesh: Mesh): Uint8Array<ArrayBuffer> {
  const n = mesh.indices.length / 3;
  const bytes = new Uint8Array(84 + n * 50);
  bytes.set(new TextEncoder().encode(`Yuepian; units mm; axes LPS; ${mesh.key}`).subarray(0, 80));
  const view = new DataView(bytes.buffer);
  view.setUint32(80, n, true);
  const p = mesh.positions;
  for (let t = 0, at = 84; t < n; t++, at += 50) {
    const a = (mesh.indices[t * 3] as number) * 3;
    const b = (mesh.indices[t * 3 + 1] as number) * 3;
    const c = (mesh.indices[t * 3 + 2] as number) * 3;
    const u = [0, 1, 2].map((k) => (p[b + k] as number) - (p[a + k] as number));
    const v = [0, 1, 2].map((k) => (p[c + k] as number) - (p[a + k] as number));
    const [ux = 0, uy = 0, uz = 0] = u;
    const [vx = 0, vy = 0, vz = 0] = v;
    const [x, y, z] = [uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx];
    const length = Math.hypot(x, y, z) || 1;
    view.setFloat32(at, x / length, true);
    view.setFloat32(at + 4, y / length, true);
    view.setFloat32(at + 8, z / length, true);
    for (const [corner, start] of [a, b, c].entries()) {
      for (let k = 0; k < 3; k++)
        view.setFloat32(at + 12 + corner * 12 + k * 4, p[start + k] as number, true);
    }
  }
  return bytes;
}
