import { type Node, type Primitive, WebIO } from '@gltf-transform/core';
import { EXTMeshoptCompression, KHRMeshQuantization } from '@gltf-transform/extensions';
import { YuepianError } from '@yuepian/contract';
import { MeshoptDecoder } from 'meshoptimizer/decoder';
import type { MeshData } from './worker-messages.ts';

/**
 * One mesh out of a GLB: all its triangles with the node transforms applied (quantised positions are
 * scaled by their node), so that positions are LPS mm.
 * @throws YuepianError cannot_decode
 */
export async function readMesh(bytes: Uint8Array<ArrayBuffer>): Promise<MeshData> {
  await MeshoptDecoder.ready;
  const io = new WebIO()
    .registerExtensions([EXTMeshoptCompression, KHRMeshQuantization])
    .registerDependencies({ 'meshopt.decoder': MeshoptDecoder });
  const document = await io.readBinary(bytes);
  const parts: { primitive: Primitive; matrix: readonly number[] }[] = [];
  const visit = (node: Node): void => {
    for (const primitive of node.getMesh()?.listPrimitives() ?? []) {
      parts.push({ primitive, matrix: node.getWorldMatrix() });
    }
    for (const child of node.listChildren()) visit(child);
  };
  for (const scene of document.getRoot().listScenes()) {
    for (const node of scene.listChildren()) visit(node);
  }
  return merge(parts);
}

function merge(parts: readonly { primitive: Primitive; matrix: readonly number[] }[]): MeshData {
  const count = (p: Primitive): number => p.getAttribute('POSITION')?.getCount() ?? 0;
  const vertices = parts.reduce((n, p) => n + count(p.primitive), 0);
  const corners = parts.reduce(
    (n, p) => n + (p.primitive.getIndices()?.getCount() ?? count(p.primitive)),
    0,
  );
  if (corners === 0 || corners % 3 !== 0) {
    throw new YuepianError('cannot_decode', { reason: 'the mesh holds no triangles' });
  }
  const positions = new Float32Array(vertices * 3);
  const normals = new Float32Array(vertices * 3);
  const indices = new Uint32Array(corners);
  let [vertex, corner] = [0, 0];
  for (const { primitive, matrix } of parts) {
    const n = count(primitive);
    copyVertices(primitive, matrix, positions, normals, vertex);
    const index = primitive.getIndices();
    const m = index?.getCount() ?? n;
    for (let i = 0; i < m; i++) indices[corner + i] = vertex + (index ? index.getScalar(i) : i);
    vertex += n;
    corner += m;
  }
  return { positions, normals, indices };
}

function copyVertices(
  primitive: Primitive,
  m: readonly number[],
  positions: Float32Array,
  normals: Float32Array,
  first: number,
): void {
  const position = primitive.getAttribute('POSITION');
  const normal = primitive.getAttribute('NORMAL');
  if (!position) return;
  const at = (i: number): number => m[i] as number;
  const p: number[] = [0, 0, 0];
  for (let i = 0; i < position.getCount(); i++) {
    const o = (first + i) * 3;
    position.getElement(i, p);
    const [x, y, z] = [p[0] as number, p[1] as number, p[2] as number];
    // glTF matrices are column-major.
    for (let a = 0; a < 3; a++) {
      positions[o + a] = at(a) * x + at(4 + a) * y + at(8 + a) * z + at(12 + a);
    }
    if (!normal) continue;
    normal.getElement(i, p);
    // Node transforms of ours are scale and translation with equal scale per axis, so the matrix
    // itself turns normals rightly once they are made unit again.
    const n = [0, 1, 2].map(
      (a) => at(a) * (p[0] as number) + at(4 + a) * (p[1] as number) + at(8 + a) * (p[2] as number),
    );
    const length = Math.hypot(...n) || 1;
    for (let a = 0; a < 3; a++) normals[o + a] = (n[a] as number) / length;
  }
  if (!normal) throw new YuepianError('cannot_decode', { reason: 'the mesh has no normals' });
}
