import type { Mesh } from '../mesh.ts';
import type { MeshLook } from './look.ts';

/**
 * Wavefront OBJ with one group per mesh, and its MTL where looks are given. The format has neither
 * unit nor axes; comments in the head say "mm" and "LPS".
 * @param mtlName file name that the OBJ refers to. @returns text of both files.
 */
export function toObj(
  meshes: readonly Mesh[],
  look?: MeshLook,
  mtlName = 'models.mtl',
): { obj: string; mtl: string } {
  const lines = ['# Yuepian', '# units: mm', '# axes: LPS (DICOM patient coordinates)'];
  if (look !== undefined) lines.push(`mtllib ${mtlName}`);
  const materials: string[] = ['# Yuepian'];
  let first = 1;
  for (const mesh of meshes) {
    const name = plainName(mesh.key);
    lines.push(`o ${name}`);
    if (look !== undefined) {
      const { colour, opacity } = look(mesh.key);
      const [r, g, b] = [1, 3, 5].map((n) => Number.parseInt(colour.slice(n, n + 2), 16) / 255);
      const rgb = [r, g, b].map((c) => (c ?? 0).toFixed(4)).join(' ');
      materials.push(`newmtl ${name}`, `Kd ${rgb}`, `d ${opacity}`);
      lines.push(`usemtl ${name}`);
    }
    const { positions: p, normals: n, indices } = mesh;
    for (let v = 0; v < p.length; v += 3)
      lines.push(`v ${short(p[v])} ${short(p[v + 1])} ${short(p[v + 2])}`);
    for (let v = 0; v < n.length; v += 3)
      lines.push(`vn ${short(n[v])} ${short(n[v + 1])} ${short(n[v + 2])}`);
    for (let t = 0; t < indices.length; t += 3) {
      const corners = [0, 1, 2].map((k) => (indices[t + k] as number) + first);
      lines.push(`f ${corners.map((c) => `${c}//${c}`).join(' ')}`);
    }
    first += p.length / 3;
  }
  return { obj: `${lines.join('\n')}\n`, mtl: `${materials.join('\n')}\n` };
}

/** Four decimals (0.1 µm): more is noise of the float, less could fold small triangles. */
const short = (v: number | undefined): string => String(Number((v ?? 0).toFixed(4)));

/** Names end at white space in OBJ. */
const plainName = (key: string): string => key.replace(/\s+/g, '_');
