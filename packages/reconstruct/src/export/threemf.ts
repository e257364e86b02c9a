import { strToU8, zipSync } from 'fflate';
import type { Mesh } from '../mesh.ts';
import type { MeshLook } from './look.ts';

/** Names that people read; the key where there is none. */
export type MeshName = (key: string) => string;

/**
 * 3MF (Core Specification 1.3): one object per mesh, with name and colour (base materials), unit
 * millimetre. Positions are LPS mm; the metadata say so. Written here and not by
 * @jscadui/3mf-export because that one knows no materials.
 */
export function to3mf(
  meshes: readonly Mesh[],
  look?: MeshLook,
  name: MeshName = (key) => key,
): Uint8Array<ArrayBuffer> {
  const materials =
    look === undefined
      ? ''
      : `<basematerials id="1">${meshes
          .map((m) => {
            const { colour, opacity } = look(m.key);
            const alpha = Math.round(opacity * 255)
              .toString(16)
              .padStart(2, '0');
            return `<base name="${escaped(name(m.key))}" displaycolor="${`${colour}${alpha}`.toUpperCase()}"/>`;
          })
          .join('')}</basematerials>`;
  const objects = meshes.map((m, n) => {
    const material = look === undefined ? '' : ` pid="1" pindex="${n}"`;
    return `<object id="${n + 2}" type="model" name="${escaped(name(m.key))}" partnumber="${escaped(m.key)}"${material}>${meshXml(m)}</object>`;
  });
  const items = meshes.map((_, n) => `<item objectid="${n + 2}"/>`).join('');
  const model = `<?xml version="1.0" encoding="UTF-8"?>
<model unit="millimeter" xml:lang="en-US" xmlns="http://schemas.microsoft.com/3dmanufacturing/core/2015/02">
<metadata name="Application">Yuepian</metadata>
<metadata name="Description">Positions in millimetres, axes LPS (DICOM patient coordinates)</metadata>
<resources>${materials}${objects.join('\n')}</resources>
<build>${items}</build>
</model>`;
  const types = `<?xml version="1.0" encoding="UTF-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="model" ContentType="application/vnd.ms-package.3dmanufacturing-3dmodel+xml"/></Types>`;
  const relations = `<?xml version="1.0" encoding="UTF-8"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Target="/3D/3dmodel.model" Id="rel0" Type="http://schemas.microsoft.com/3dmanufacturing/2013/01/3dmodel"/></Relationships>`;
  return zipSync({
    '[Content_Types].xml': strToU8(types),
    '_rels/.rels': strToU8(relations),
    '3D/3dmodel.model': strToU8(model),
  }) as Uint8Array<ArrayBuffer>;
}

function meshXml(mesh: Mesh): string {
  const out = ['<mesh><vertices>'];
  const { positions: p, indices } = mesh;
  for (let v = 0; v < p.length; v += 3)
    out.push(`<vertex x="${short(p[v])}" y="${short(p[v + 1])}" z="${short(p[v + 2])}"/>`);
  out.push('</vertices><triangles>');
  for (let t = 0; t < indices.length; t += 3)
    out.push(`<triangle v1="${indices[t]}" v2="${indices[t + 1]}" v3="${indices[t + 2]}"/>`);
  out.push('</triangles></mesh>');
  return out.join('');
}

/** Plain decimals: XML numbers of 3MF may not hold what `toString` makes of tiny values. */
const short = (v: number | undefined): string => String(Number((v ?? 0).toFixed(4)));

const entities: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
};
const escaped = (text: string): string =>
  // Control characters are not allowed in XML 1.0, not even as entities.
  [...text]
    .filter((c) => c >= ' ')
    .join('')
    .replace(/[&<>"]/g, (c) => entities[c] ?? c);
