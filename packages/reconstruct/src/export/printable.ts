import type { Warning } from '@yuepian/contract';
import { checkEdges, type Mesh } from '../mesh.ts';
import { loadManifold } from '../planning/manifold.ts';

export interface Printability {
  readonly printable: boolean;
  readonly openEdges: number;
  /** Edges shared by more than two triangles. */
  readonly nonManifoldEdges: number;
  /** Status of manifold-3d; `NoError` for a solid. */
  readonly status: string;
  /** Sentences to be shown; empty when it can be printed. */
  readonly warnings: readonly Warning[];
}

/**
 * Whether a mesh is a solid that a printer's slicer takes: closed, every edge between two triangles,
 * accepted as an oriented 2-manifold. Triangles that pass through each other are not looked for:
 * manifold-3d accepts them, and slicers unite them.
 */
export async function isPrintable(mesh: Mesh): Promise<Printability> {
  const edges = checkEdges(mesh.indices, mesh.positions.length / 3);
  const status = await statusOf(mesh);
  const warnings: Warning[] = [];
  const { key } = mesh;
  if (edges.open > 0)
    warnings.push({ code: 'not_printable_open', details: { key, edges: edges.open } });
  else if (edges.nonManifold > 0)
    warnings.push({ code: 'not_printable_edges', details: { key, edges: edges.nonManifold } });
  else if (status !== 'NoError')
    warnings.push({ code: 'not_printable_solid', details: { key, status } });
  return {
    printable: warnings.length === 0,
    openEdges: edges.open,
    nonManifoldEdges: edges.nonManifold,
    status,
    warnings,
  };
}

async function statusOf(mesh: Mesh): Promise<string> {
  if (mesh.indices.length === 0) return 'Empty';
  const library = await loadManifold();
  try {
    const solid = new library.Manifold(
      new library.Mesh({
        numProp: 3,
        vertProperties: mesh.positions,
        triVerts: mesh.indices,
      }),
    );
    const status = solid.volume() > 0 ? solid.status() : 'InsideOut';
    solid.delete();
    return status;
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : 'NotManifold';
  }
}
