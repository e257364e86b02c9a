import { YuepianError } from '@yuepian/contract';
import Module, { type Manifold, type ManifoldToplevel } from 'manifold-3d';
import { type Mesh, meshOf } from '../mesh.ts';

let loading: Promise<ManifoldToplevel> | undefined;

/**
 * The solid-geometry library (manifold-3d, WebAssembly), loaded once. In Node it finds its own file; in
 * a browser the caller says where the .wasm lies, before the first cut.
 */
export function loadManifold(wasmUrl?: string): Promise<ManifoldToplevel> {
  loading ??= Module(wasmUrl === undefined ? undefined : { locateFile: () => wasmUrl }).then(
    (toplevel) => {
      toplevel.setup();
      return toplevel;
    },
  );
  return loading;
}

/**
 * A closed mesh as a solid. The caller deletes it: WebAssembly memory is not collected.
 * @throws YuepianError `mesh_not_closed` with the number of open and doubtful edges.
 */
export function solidOf(library: ManifoldToplevel, mesh: Mesh): Manifold {
  const input = new library.Mesh({
    numProp: 3,
    vertProperties: mesh.positions,
    triVerts: mesh.indices,
  });
  try {
    return new library.Manifold(input);
  } catch (cause) {
    throw new YuepianError('mesh_not_closed', { key: mesh.key, edges: mesh.openEdges }, { cause });
  }
}

/** A solid as a mesh of ours. */
export function meshOfSolid(key: string, solid: Manifold): Mesh {
  const { numProp, vertProperties, triVerts } = solid.getMesh();
  const count = vertProperties.length / numProp;
  const positions = new Float32Array(count * 3);
  for (let v = 0; v < count; v++)
    for (let axis = 0; axis < 3; axis++)
      positions[v * 3 + axis] = vertProperties[v * numProp + axis] as number;
  return meshOf(key, positions, Uint32Array.from(triVerts));
}
