import { uidFrom } from '@yuepian/dicom';
import { PhantomCase, type PhantomOptions } from '../case.ts';
import { warpOf } from '../core/warp.ts';
import { checkedOptions } from '../options.ts';
import { covered } from './body.ts';
import { abdomenSegments } from './materials.ts';
import { abdomenScene } from './scene.ts';
import { abdomenTruth } from './truth.ts';

const fieldOfView = covered.max[0] - covered.min[0];
const range = [covered.min[2], covered.max[2]] as const;

/**
 * A contrast CT of abdomen and pelvis, portal venous phase, from the lung bases to below the
 * femoral heads (50 cm): a man of 58 with a tumour of the left kidney and a stone in the right one.
 * Another seed is another patient: other texture and vessels, organs some per cent larger or smaller
 * and millimetres to a centimetre elsewhere; the truth is that patient's.
 * @param options size 512, slices 160 and seed 1 unless said otherwise
 * @throws RangeError when size or slices are no sensible whole numbers.
 */
export function ctAbdomen(options: PhantomOptions = {}): PhantomCase {
  const { size, slices, seed } = checkedOptions(options, { size: 512, slices: 160, seed: 1 });
  const pixel = fieldOfView / size;
  const spacing = (range[1] - range[0]) / slices;
  const uid = (what: string) => uidFrom(`yuepian ct-abdomen ${seed} ${size} ${slices} ${what}`);
  return new PhantomCase({
    kind: 'ct-abdomen',
    seed,
    size: [size, size, slices],
    affine: [
      pixel,
      0,
      0,
      covered.min[0] + pixel / 2,
      0,
      pixel,
      0,
      covered.min[1] + pixel / 2,
      0,
      0,
      spacing,
      range[0] + spacing / 2,
    ],
    frameOfReferenceUid: uid('frame of reference'),
    identity: {
      patientStudy: {
        patientId: `YP-CT-${String(seed).padStart(4, '0')}`,
        patientName: { Alphabetic: 'Wang^XiaoMing', Ideographic: '王^小明' },
        patientBirthDate: '19680312',
        patientSex: 'M',
        patientAge: '058Y',
        studyInstanceUid: uid('study'),
        studyDate: '20261120',
        studyTime: '093015',
        studyId: '1',
        accessionNumber: `DEMO${String(seed).padStart(6, '0')}`,
        studyDescription: 'CT 全腹部增强（合成示例）',
        referringPhysicianName: { Alphabetic: 'Chen^Jing', Ideographic: '陈^静' },
      },
      modality: 'CT',
      seriesInstanceUid: uid('series'),
      seriesNumber: 3,
      seriesDescription: '腹盆增强 门静脉期',
      protocolName: '全腹部增强三期',
      bodyPart: 'ABDOMEN',
    },
    segments: abdomenSegments,
    scene: () => abdomenScene(seed),
    truth: abdomenTruth(warpOf(seed, covered)),
  });
}
