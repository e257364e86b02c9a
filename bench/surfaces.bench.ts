import { affineFromSteps, type LabelMap, patientPoint } from '@yuepian/geometry';
import { surfaces } from '@yuepian/reconstruct';
import { print } from './figure.ts';

/** Surfaces of 20 touching ellipsoids in 512 × 512 × 300, as a network's label map would hold them. */
export default async function surfacesOfLabels(): Promise<void> {
  const map = twentyLabels();
  const started = performance.now();
  const made = await surfaces(map);
  print({
    name: 'surfaces.20-labels',
    value: (performance.now() - started) / 1000,
    unit: 's',
    n: 1,
    note: `512×512×300, ${made.length} closed surfaces, ${made.reduce((n, s) => n + s.indices.length / 3, 0)} triangles, without simplification`,
  });
}

/** Four by five organs, each cutting into its neighbours. */
function twentyLabels(): LabelMap {
  const size = [512, 512, 300] as const;
  const [nx, ny, nz] = size;
  const data = new Uint8Array(nx * ny * nz);
  for (let label = 1; label <= 20; label++) {
    const column = (label - 1) % 4;
    const row = Math.floor((label - 1) / 4);
    const [cx, cy, cz] = [90 + column * 110, 256 + (row % 2 === 0 ? -50 : 50), 40 + row * 55];
    const [rx, ry, rz] = [62, 75, 34];
    for (let z = Math.max(0, cz - rz); z < Math.min(nz, cz + rz); z++)
      for (let y = cy - ry; y < cy + ry; y++)
        for (let x = Math.max(0, cx - rx); x < Math.min(nx, cx + rx); x++)
          if (((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 + ((z - cz) / rz) ** 2 < 1)
            data[x + nx * (y + ny * z)] = label;
  }
  return {
    size,
    affine: affineFromSteps([0.75, 0, 0], [0, 0.75, 0], [0, 0, 1], patientPoint(0, 0, 0)),
    frameOfReferenceUid: '1.2.3',
    data,
    segments: Array.from({ length: 20 }, (_, n) => ({ key: `organ_${n + 1}`, labels: [n + 1] })),
  };
}
