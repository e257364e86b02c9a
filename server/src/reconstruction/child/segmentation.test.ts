import { describeInstance, readDataset, readSegmentation } from '@yuepian/dicom';
import type { LabelMap } from '@yuepian/geometry';
import { describe, expect, it } from 'vitest';
import { testBody } from '../testing.ts';
import { segmentationOf, segmentationUids } from './segmentation.ts';

const labelMap: LabelMap = {
  size: [4, 4, 2],
  affine: [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 4, 0],
  frameOfReferenceUid: '1.2.3',
  data: new Uint8Array(32).fill(1, 5, 20),
  segments: [{ key: 'bone', labels: [1] }],
};

const [image] = testBody({ size: 16, slices: 1 });
const header = describeInstance(readDataset(image?.bytes ?? new Uint8Array(0)));
const subject = { header, slices: [], source: 'classical 1', content: 'abc' };

describe('our own segmentation object', () => {
  it('belongs to the patient and study of its images, and says who made it', () => {
    const written = readDataset(segmentationOf(labelMap, subject));
    const made = describeInstance(written);
    expect(made).toMatchObject({
      studyInstanceUid: header.studyInstanceUid,
      patient: header.patient,
      kind: 'segmentation',
      series: { modality: 'SEG', description: 'Yuepian reconstruction (unverified)' },
    });
    const [segment] = readSegmentation(written).segments;
    expect(segment).toMatchObject({
      key: 'bone',
      algorithmType: 'AUTOMATIC',
      algorithmName: 'classical 1',
    });
  });

  it('is the same object for the same outcome, another one in the same series for another', () => {
    const one = segmentationUids('1.2', 'classical 1', 'a');
    expect(segmentationUids('1.2', 'classical 1', 'a')).toEqual(one);
    const other = segmentationUids('1.2', 'classical 1', 'b');
    expect(other.seriesInstanceUid).toBe(one.seriesInstanceUid);
    expect(other.sopInstanceUid).not.toBe(one.sopInstanceUid);
  });

  it('survives patient data that keep no rule', () => {
    const hostile = {
      ...header,
      patient: {
        id: 'x'.repeat(300),
        name: { alphabetic: `a=b\\c\u0007${'龍'.repeat(100)}`, ideographic: '', phonetic: '' },
        sex: 'männlich',
        birthDate: '1.1.1970',
        age: '58',
      },
      study: { ...header.study, id: 'IBSI_1_STS_001_CT', accessionNumber: 'A'.repeat(99) },
    };
    const made = describeInstance(
      readDataset(segmentationOf(labelMap, { ...subject, header: hostile })),
    );
    expect(made.patient.id).toBe('x'.repeat(64));
    expect(made.patient.name.alphabetic).toMatch(/^a b c\s+龍+$/);
    expect(made.patient).toMatchObject({ sex: '', birthDate: '', age: '' });
    expect(made.study.id).toBe('IBSI_1_STS_001_C');
  });
});
