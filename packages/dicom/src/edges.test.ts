import { describe, expect, it } from 'vitest';
import { dataAvailable, dataPath, readFile } from '../testing/data.ts';
import {
  type DicomElements,
  describeInstance,
  edgesOf,
  element,
  readDataset,
  writeInstance,
} from './index.ts';

/** The edges of a radiograph of one row with these elements. */
const edges = (elements: DicomElements) => {
  const bytes = writeInstance({
    '00080016': element('UI', '1.2.840.10008.5.1.4.1.1.1.1'),
    '00080018': element('UI', '1.2.3'),
    '00080060': element('CS', 'DX'),
    '0020000D': element('UI', '1.2.4'),
    '0020000E': element('UI', '1.2.5'),
    '00280002': element('US', 1),
    '00280004': element('CS', 'MONOCHROME2'),
    '00280010': element('US', 1),
    '00280011': element('US', 2),
    '00280100': element('US', 8),
    '00280101': element('US', 8),
    '00280102': element('US', 7),
    '00280103': element('US', 0),
    '7FE00010': { vr: 'OW', bytes: new Uint8Array(2) },
    ...elements,
  });
  return edgesOf(describeInstance(readDataset(bytes)).frames[0]);
};
const said = (...letters: string[]): DicomElements => ({ '00200020': element('CS', ...letters) });
const cosines = (...v: number[]): DicomElements => ({ '00200037': element('DS', ...v) });

describe('the edges of a single image', () => {
  it('are those of Patient Orientation, which tells where rows and columns go to', () => {
    expect(edges(said('L', 'F'))).toEqual({ left: 'R', right: 'L', top: 'H', bottom: 'F' });
    expect(edges(said('A', 'FR'))).toEqual({ left: 'P', right: 'A', top: 'HL', bottom: 'FR' });
  });

  it('come from the direction cosines where there is none', () => {
    expect(edges(cosines(0, 1, 0, 0, 0, -1))).toEqual({
      left: 'A',
      right: 'P',
      top: 'H',
      bottom: 'F',
    });
    // What a person wrote on the image goes before what is computed.
    expect(edges({ ...said('R', 'F'), ...cosines(1, 0, 0, 0, 0, -1) })?.right).toBe('R');
  });

  it('are not guessed', () => {
    for (const nothing of [said(), said('L'), said('', ''), said('LE', 'D'), said('LR', 'F')]) {
      expect(edges(nothing)).toBeUndefined();
    }
    expect(edges(cosines(0, 0, 0, 0, 0, 0))).toBeUndefined();
  });

  it.skipIf(!dataAvailable)('of a real radiograph: the patient’s right is on the left', () => {
    const header = describeInstance(readFile(dataPath('seg_sr_rt', 'highdicom', 'dx_image.dcm')));
    expect(edgesOf(header.frames[0])).toEqual({ left: 'R', right: 'L', top: 'H', bottom: 'F' });
  });
});
