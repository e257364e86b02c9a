import type { Mesh } from '../mesh.ts';
import type { MeshLook } from './look.ts';

/**
 * Binary little-endian PLY of one or several meshes in one body, with normals and, where looks are
 * given, a colour per vertex. Comments in the head say "mm" and "LPS" and name the structures.
 */
export function toPly(meshes: readonly Mesh[], look?: MeshLook): Uint8Array<ArrayBuffer> {
  const vertices = meshes.reduce((n, m) => n + m.positions.length / 3, 0);
  const faces = meshes.reduce((n, m) => n + m.indices.length / 3, 0);
  const colour = look === undefined ? [] : ['red', 'green', 'blue', 'alpha'];
  const head = new TextEncoder().encode(
    `${[
      'ply',
      'format binary_little_endian 1.0',
      'comment Yuepian; units mm; axes LPS',
      ...meshes.map((m) => `comment structure ${m.key.replace(/\s+/g, '_')}`),
      `element vertex ${vertices}`,
      ...['x', 'y', 'z', 'nx', 'ny', 'nz'].map((name) => `property float ${name}`),
      ...colour.map((name) => `property uchar ${name}`),
      `element face ${faces}`,
      'property list uchar uint vertex_indices',
      'end_header',
    ].join('\n')}\n`,
  );
  const stride = 24 + colour.length;
  const bytes = new Uint8Array(head.length + vertices * stride + faces * 13);
  bytes.set(head);
  const view = new DataView(bytes.buffer);
  let at = head.length;
  for (const mesh of meshes) {
    const rgba = look === undefined ? [] : bytesOf(look(mesh.key));
    for (let v = 0; v < mesh.positions.length; v += 3) {
      for (let k = 0; k < 3; k++) {
        view.setFloat32(at + k * 4, mesh.positions[v + k] as number, true);
        view.setFloat32(at + 12 + k * 4, mesh.normals[v + k] as number, true);
      }
      bytes.set(rgba, at + 24);
      at += stride;
    }
  }
  let first = 0;
  for (const mesh of meshes) {
    for (let t = 0; t < mesh.indices.length; t += 3) {
      bytes[at] = 3;
      for (let k = 0; k < 3; k++)
        view.setUint32(at + 1 + k * 4, (mesh.indices[t + k] as number) + first, true);
      at += 13;
    }
    first += mesh.positions.length / 3;
  }
  return bytes;
}

const bytesOf = (look: { readonly colour: string; readonly opacity: number }): number[] => [
  ...[1, 3, 5].map((n) => Number.parseInt(look.colour.slice(n, n + 2), 16)),
  Math.round(look.opacity * 255),
];
