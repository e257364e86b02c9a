import { type Accessor, Document, WebIO } from '@gltf-transform/core';
import { EXTMeshoptCompression, KHRMeshQuantization } from '@gltf-transform/extensions';
import { MeshoptDecoder, MeshoptEncoder } from 'meshoptimizer';
import { type Mesh, meshOf } from '../mesh.ts';

/** Largest distance in mm between a vertex and what the GLB says, per axis. */
const positionError = 0.02;

export interface GlbOptions {
  /** Said in asset.extras: what it was made from, which program. */
  readonly source?: string;
  /** sRGB colour and opacity per key. */
  readonly look?: (key: string) => { readonly colour: string; readonly opacity: number };
}

/**
 * GLB with EXT_meshopt_compression and KHR_mesh_quantization; one node per mesh, named by its key.
 * Positions are LPS millimetres, not the metres and Y-up of glTF, because a structure must lie where
 * its slices do; asset.extras says so: {"space":"LPS","unit":"mm"}. Positions are within 0.02 mm,
 * normals within 1°.
 */
export async function toGlb(
  meshes: readonly Mesh[],
  options: GlbOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  await MeshoptEncoder.ready;
  const document = new Document();
  document.createExtension(KHRMeshQuantization).setRequired(true);
  document
    .createExtension(EXTMeshoptCompression)
    .setRequired(true)
    .setEncoderOptions({ method: EXTMeshoptCompression.EncoderMethod.QUANTIZE });
  const asset = document.getRoot().getAsset();
  asset.generator = 'Yuepian';
  asset.extras = {
    space: 'LPS',
    unit: 'mm',
    ...(options.source ? { source: options.source } : {}),
  };
  const buffer = document.createBuffer();
  const scene = document.createScene();
  document.getRoot().setDefaultScene(scene);
  for (const mesh of meshes) {
    const { indices, order } = reordered(mesh);
    const q = quantized(mesh, order);
    const accessor = (
      type: (typeof Accessor.Type)[keyof typeof Accessor.Type],
      array: Uint16Array<ArrayBuffer> | Int8Array<ArrayBuffer> | Uint32Array<ArrayBuffer>,
    ) => document.createAccessor().setType(type).setArray(array).setBuffer(buffer);
    const primitive = document
      .createPrimitive()
      .setIndices(accessor('SCALAR', indices))
      .setAttribute('POSITION', accessor('VEC3', q.positions))
      .setAttribute('NORMAL', accessor('VEC3', q.normals).setNormalized(true));
    const look = options.look?.(mesh.key);
    if (look !== undefined) {
      const [r, g, b] = linearColour(look.colour);
      primitive.setMaterial(
        document
          .createMaterial(mesh.key)
          .setBaseColorFactor([r, g, b, look.opacity])
          .setMetallicFactor(0)
          .setRoughnessFactor(0.7)
          .setAlphaMode(look.opacity < 1 ? 'BLEND' : 'OPAQUE'),
      );
    }
    const node = document
      .createNode(mesh.key)
      .setMesh(document.createMesh(mesh.key).addPrimitive(primitive))
      .setTranslation(q.origin)
      .setScale([q.step, q.step, q.step])
      .setExtras({ key: mesh.key, openEdges: mesh.openEdges });
    scene.addChild(node);
  }
  const bytes = await io().writeBinary(document);
  return bytes as Uint8Array<ArrayBuffer>;
}

/**
 * Reads what {@link toGlb} writes: positions back in LPS mm, in float32.
 * @throws when the bytes are no GLB or need an extension that is not known here.
 */
export async function fromGlb(bytes: Uint8Array): Promise<Mesh[]> {
  await MeshoptDecoder.ready;
  const document = await io().readBinary(bytes);
  const meshes: Mesh[] = [];
  for (const node of document.getRoot().listNodes()) {
    const primitive = node.getMesh()?.listPrimitives()[0];
    const position = primitive?.getAttribute('POSITION');
    const index = primitive?.getIndices()?.getArray();
    if (!position || !index) continue;
    const m = node.getWorldMatrix();
    const positions = new Float32Array(position.getCount() * 3);
    const at: number[] = [];
    for (let v = 0; v < position.getCount(); v++) {
      position.getElement(v, at);
      const [x = 0, y = 0, z = 0] = at;
      for (let k = 0; k < 3; k++)
        positions[v * 3 + k] =
          m[k as 0] * x + m[(k + 4) as 4] * y + m[(k + 8) as 8] * z + m[(k + 12) as 12];
    }
    meshes.push(meshOf(node.getName(), positions, Uint32Array.from(index)));
  }
  return meshes;
}

const io = (): WebIO =>
  new WebIO()
    .registerExtensions([EXTMeshoptCompression, KHRMeshQuantization])
    .registerDependencies({
      'meshopt.encoder': MeshoptEncoder,
      'meshopt.decoder': MeshoptDecoder,
    });

/** Order of triangles and vertices that compresses and renders well. */
function reordered(mesh: Mesh): { indices: Uint32Array<ArrayBuffer>; order: Uint32Array } {
  const indices = mesh.indices.slice();
  const [remap] = MeshoptEncoder.reorderMesh(indices, true, true);
  return { indices: Uint32Array.from(indices), order: remap };
}

/** 16-bit positions on one step for all axes; the step is a power of two, so that it is exact. */
function quantized(
  mesh: Mesh,
  order: Uint32Array,
): {
  positions: Uint16Array<ArrayBuffer>;
  normals: Int8Array<ArrayBuffer>;
  origin: [number, number, number];
  step: number;
} {
  const p = mesh.positions;
  const low: [number, number, number] = [0, 0, 0];
  let extent = 0;
  for (const axis of [0, 1, 2] as const) {
    let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (let v = axis; v < p.length; v += 3) {
      min = Math.min(min, p[v] as number);
      max = Math.max(max, p[v] as number);
    }
    low[axis] = p.length === 0 ? 0 : min;
    if (p.length > 0) extent = Math.max(extent, max - min);
  }
  // Bigger than 65535 steps of 0.04 mm (2.6 m) is no patient; then the step follows the extent.
  const fits = 2 ** Math.ceil(Math.log2(Math.max(extent, 1e-6) / 65535));
  const step = Math.max(2 ** Math.floor(Math.log2(positionError * 2)), fits);
  const positions = new Uint16Array(p.length);
  const normals = new Int8Array(p.length);
  for (let v = 0; v < p.length / 3; v++) {
    const to = (order[v] as number) * 3;
    for (const axis of [0, 1, 2] as const) {
      positions[to + axis] = Math.round(((p[v * 3 + axis] as number) - low[axis]) / step);
      normals[to + axis] = Math.round(127 * (mesh.normals[v * 3 + axis] as number));
    }
  }
  return { positions, normals, origin: low, step };
}

/** glTF colours are linear; the table's are sRGB (IEC 61966-2-1). */
function linearColour(hex: string): [number, number, number] {
  const channel = (at: number): number => {
    const c = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  };
  return [channel(1), channel(3), channel(5)];
}
