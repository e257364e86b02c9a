import { Document, NodeIO } from '@gltf-transform/core';
import { EXTMeshoptCompression, KHRMeshQuantization } from '@gltf-transform/extensions';
import type { Vec3 } from '@yuepian/geometry';
import { MeshoptDecoder } from 'meshoptimizer/decoder';
import { MeshoptEncoder } from 'meshoptimizer/encoder';

/** A sphere as GLB with meshopt compression, outward normals, positions in LPS mm. */
export async function sphereGlb(centre: Vec3, radius: number, rings = 24): Promise<Buffer> {
  const columns = rings * 2;
  const positions: number[] = [];
  const normals: number[] = [];
  const indices: number[] = [];
  for (let r = 0; r <= rings; r++) {
    for (let c = 0; c <= columns; c++) {
      const [a, b] = [(Math.PI * r) / rings, (2 * Math.PI * c) / columns];
      const n = [Math.sin(a) * Math.cos(b), Math.sin(a) * Math.sin(b), Math.cos(a)] as const;
      normals.push(...n);
      positions.push(...n.map((x, i) => (centre[i] as number) + radius * x));
    }
  }
  for (let r = 0; r < rings; r++) {
    for (let c = 0; c < columns; c++) {
      const at = r * (columns + 1) + c;
      const below = at + columns + 1;
      indices.push(at, below, at + 1, at + 1, below, below + 1);
    }
  }
  const document = new Document();
  const buffer = document.createBuffer();
  const accessor = (
    type: 'VEC3' | 'SCALAR',
    values: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>,
  ) => document.createAccessor().setType(type).setArray(values).setBuffer(buffer);
  const primitive = document
    .createPrimitive()
    .setAttribute('POSITION', accessor('VEC3', new Float32Array(positions)))
    .setAttribute('NORMAL', accessor('VEC3', new Float32Array(normals)))
    .setIndices(accessor('SCALAR', new Uint32Array(indices)));
  const node = document.createNode().setMesh(document.createMesh().addPrimitive(primitive));
  document.createScene().addChild(node);
  document.createExtension(EXTMeshoptCompression).setRequired(true);
  await Promise.all([MeshoptEncoder.ready, MeshoptDecoder.ready]);
  const io = new NodeIO()
    .registerExtensions([EXTMeshoptCompression, KHRMeshQuantization])
    .registerDependencies({ 'meshopt.encoder': MeshoptEncoder, 'meshopt.decoder': MeshoptDecoder });
  return Buffer.from(await io.writeBinary(document));
}
