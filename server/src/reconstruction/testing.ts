import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type DicomElement,
  type DicomElements,
  element,
  uidFrom,
  writeInstance,
} from '@yuepian/dicom';

export interface TestBody {
  readonly modality: 'CT' | 'MR';
  /** Columns and rows, 400 mm wide; slices 4 mm apart. */
  readonly size: number;
  readonly slices: number;
  /** Names the series and its study. */
  readonly name: string;
  /** More elements, or other values of those there are. */
  readonly elements: DicomElements;
  /** Slices whose pixels are compressed rubbish. */
  readonly broken: readonly number[];
}

/** HU of the test body at a place, mm from the middle of a slice: two lungs and a spine with cortex and marrow. */
export function bodyHu(x: number, y: number): number {
  if (Math.hypot(x / 165, y / 115) > 1) return -1000;
  if (Math.hypot((Math.abs(x) - 80) / 45, y / 60) < 1) return -850;
  const spine = Math.hypot(x, y - 75);
  if (spine < 22) return spine < 16 ? 220 : 900;
  return 40;
}

/**
 * A body of one cross-section as DICOM images, 16 mm of air below it: small, quick to make,
 * and with volumes that are known by formula.
 */
export function* testBody(options: Partial<TestBody> = {}): Generator<{
  sopInstanceUid: string;
  bytes: Uint8Array;
}> {
  const { modality = 'CT', size = 96, slices = 40, name = 'test body' } = options;
  const { elements = {}, broken = [] } = options;
  const spacing = 400 / size;
  const values = new Int16Array(size * size);
  for (let k = 0; k < slices; k++) {
    const solid = k >= 4;
    for (let j = 0, p = 0; j < size; j++) {
      for (let i = 0; i < size; i++, p++) {
        const hu = bodyHu((i - size / 2 + 0.5) * spacing, (j - size / 2 + 0.5) * spacing);
        values[p] = (solid ? hu : -1000) + (modality === 'MR' ? 1000 : 0);
      }
    }
    const sopInstanceUid = uidFrom(`${name} ${k}`);
    const values16 = new Uint8Array(values.buffer.slice(0));
    const head = {
      ...headElements(name, modality),
      '00080018': element('UI', sopInstanceUid),
      '00200013': element('IS', k + 1),
      '00200032': element('DS', -200 + spacing / 2, -200 + spacing / 2, k * 4),
      '00200037': element('DS', 1, 0, 0, 0, 1, 0),
      '00280010': element('US', size),
      '00280011': element('US', size),
      '00280030': element('DS', spacing, spacing),
      ...elements,
    };
    const bytes = broken.includes(k)
      ? writeInstance({ ...head, '7FE00010': rubbish }, { transferSyntaxUid: rleLossless })
      : writeInstance({ ...head, '7FE00010': { vr: 'OW', bytes: values16 } });
    yield { sopInstanceUid, bytes };
  }
}

const rleLossless = '1.2.840.10008.1.2.5';
const rubbish: DicomElement = {
  vr: 'OB',
  fragments: [new Uint8Array(0), Uint8Array.from({ length: 200 }, (_, n) => n)],
};

const headElements = (name: string, modality: 'CT' | 'MR'): DicomElements => ({
  '00080008': element('CS', 'ORIGINAL', 'PRIMARY', 'AXIAL'),
  '00080016': element('UI', `1.2.840.10008.5.1.4.1.1.${modality === 'CT' ? 2 : 4}`),
  '00080020': element('DA', '20261120'),
  '00080060': element('CS', modality),
  '0008103E': element('LO', name),
  '00100010': element('PN', { Alphabetic: 'Test^Body', Ideographic: '测试' }),
  '00100020': element('LO', 'T1'),
  '0020000D': element('UI', uidFrom(`${name} study`)),
  '0020000E': element('UI', uidFrom(`${name} series`)),
  '00200011': element('IS', 3),
  '00200052': element('UI', uidFrom(`${name} frame of reference`)),
  '00180050': element('DS', 4),
  '00280002': element('US', 1),
  '00280004': element('CS', 'MONOCHROME2'),
  '00280100': element('US', 16),
  '00280101': element('US', 16),
  '00280102': element('US', 15),
  '00280103': element('US', 1),
  ...(modality === 'CT'
    ? {
        '00281052': element('DS', 0),
        '00281053': element('DS', 1),
        '00281054': element('LO', 'HU'),
      }
    : {}),
});

export async function writeBody(folder: string, options: Partial<TestBody> = {}): Promise<void> {
  await mkdir(folder, { recursive: true });
  let n = 0;
  for (const { bytes } of testBody(options)) {
    await writeFile(path.join(folder, `${String(++n).padStart(4, '0')}.dcm`), bytes);
  }
}

const beside = fileURLToPath(new URL('../../../../shared/data', import.meta.url));
const realData = process.env.YUEPIAN_TEST_DATA ?? beside;

/** A folder or file of the real test images; undefined where they are not to be had. */
export function realImage(name: string): string | undefined {
  const found = path.join(realData, name);
  return existsSync(found) ? found : undefined;
}
