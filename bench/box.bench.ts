import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { readNifti } from '@yuepian/dicom';
import { ctAbdomen } from '@yuepian/phantom';
import { maskFromLabels, type SegmentHint } from '@yuepian/reconstruct';
import { ballTrials } from './balls.ts';
import { boxTrial } from './box.ts';
import { sarcomaTrials } from './sarcoma.ts';

/**
 * Box and one seed: shapes of a random set (analytic truth), tumours with contours by hand, and
 * organs against the labels of another model, CT of 3 mm.
 */
export default async function box(): Promise<void> {
  ballTrials(12345, 400);
  phantomTrials();
  const data = process.env.YUEPIAN_TEST_DATA ?? '../shared/data';
  await sarcomaTrials(data);
  const folder = join(data, 'torso_ct_totalseg');
  if (!existsSync(folder)) {
    console.error(`box: ${folder} is not there; nothing was measured`);
    return;
  }
  const read = (file: string) => readNifti(gunzipSync(readFileSync(join(folder, file))));
  const volume = read('example_ct.nii.gz');
  const labels = read('example_seg_fast_force_split.nii.gz');
  const organs: readonly (readonly [string, number, SegmentHint])[] = [
    ['spleen', 1, 'organ'],
    ['kidney_right', 2, 'kidney'],
    ['kidney_left', 3, 'kidney'],
    ['liver', 5, 'organ'],
    ['aorta', 52, 'vessel'],
  ];
  for (const [name, label, hint] of organs)
    boxTrial({
      name: `torso.${name}`,
      volume,
      reference: {
        size: labels.size,
        affine: labels.affine,
        data: Uint8Array.from(labels.data, (l) => (l === label ? 1 : 0)),
      },
      hint,
      note: 'labels of another model',
    });
}

/** Structures of the synthetic patient against its true labels, 1.56 × 1.56 × 3.1 mm. */
function phantomTrials(): void {
  const { volume, labelMap } = ctAbdomen({ size: 256, slices: 160 });
  const structures: readonly (readonly [string, SegmentHint])[] = [
    ['kidney_tumour', 'tumour'],
    ['kidney_stone', 'tumour'],
    ['kidney_left', 'kidney'],
    ['spleen', 'organ'],
  ];
  for (const [name, hint] of structures) {
    const labels = labelMap.segments.find((s) => s.key === name)?.labels ?? [];
    const reference = maskFromLabels(labelMap, labels);
    boxTrial({ name: `phantom.${name}`, volume, reference, hint, note: 'true labels' });
  }
}
