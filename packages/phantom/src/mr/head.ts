import { uidFrom } from '@yuepian/dicom';
import { PhantomCase, type PhantomOptions } from '../case.ts';
import { warpOf } from '../core/warp.ts';
import { checkedOptions } from '../options.ts';
import { headScene, headSegments, headTruth } from './scene.ts';
import { covered } from './skull.ts';

const fieldOfView = covered.max[0] - covered.min[0];
const range = [covered.min[2], covered.max[2]] as const;

/**
 * A T1-weighted MR of a head after contrast medium, axial, from the chin to the vertex (216 mm): a
 * woman of 46 with a ring-enhancing tumour of the right hemisphere.
 * Another seed is another patient: other texture and vessels, organs some per cent larger or smaller
 * and millimetres to a centimetre elsewhere; the truth is that patient's.
 * @param options size 256, slices 180 and seed 1 unless said otherwise
 * @throws RangeError when size or slices are no sensible whole numbers.
 */
export function mrHead(options: PhantomOptions = {}): PhantomCase {
  const { size, slices, seed } = checkedOptions(options, { size: 256, slices: 180, seed: 1 });
  const pixel = fieldOfView / size;
  const spacing = (range[1] - range[0]) / slices;
  const uid = (what: string) => uidFrom(`yuepian mr-head ${seed} ${size} ${slices} ${what}`);
  const [x0, y0] = [covered.min[0] + pixel / 2, covered.min[1] + pixel / 2];
  return new PhantomCase({
    kind: 'mr-head',
    seed,
    size: [size, size, slices],
    affine: [pixel, 0, 0, x0, 0, pixel, 0, y0, 0, 0, spacing, range[0] + spacing / 2],
    frameOfReferenceUid: uid('frame of reference'),
    identity: {
      patientStudy: {
        patientId: `YP-MR-${String(seed).padStart(4, '0')}`,
        patientName: { Alphabetic: 'Li^WanTing', Ideographic: '李^婉婷' },
        patientBirthDate: '19800526',
        patientSex: 'F',
        patientAge: '046Y',
        studyInstanceUid: uid('study'),
        studyDate: '20261118',
        studyTime: '141207',
        studyId: '1',
        accessionNumber: `DEMO${String(500_000 + seed)}`,
        studyDescription: 'MR 头颅增强（合成示例）',
        referringPhysicianName: { Alphabetic: 'Zhou^Ning', Ideographic: '周^宁' },
      },
      modality: 'MR',
      seriesInstanceUid: uid('series'),
      seriesNumber: 5,
      seriesDescription: 'T1 MPRAGE 增强 轴位',
      protocolName: '头颅平扫加增强',
      bodyPart: 'BRAIN',
    },
    segments: headSegments,
    scene: () => headScene(seed),
    truth: headTruth(warpOf(seed, covered)),
  });
}
