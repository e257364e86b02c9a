import { decodedFrame, studyList } from '@yuepian/contract';
import { element } from '@yuepian/dicom';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  hasTestData,
  samplesOf,
  slice,
  startArchive,
  type TestArchive,
  testData,
  uids,
} from './testing.ts';

let test: TestArchive;
beforeAll(async () => {
  test = await startArchive();
  const people = [
    ['a', 'Wang^XiaoMing', '王^小明', '20230105', 'CT', '腹部增强 CT'],
    ['b', 'Li^Na', '李^娜', '20240105', 'MR', 'Head 100%'],
    ['c', 'Zhang^San', '张^三', '', 'CT', 'Pelvis'],
  ] as const;
  for (const [study, Alphabetic, Ideographic, date, modality, description] of people) {
    await test.archive.ingest(
      slice({
        study,
        sop: study,
        elements: {
          '00080020': date === '' ? { vr: 'DA' } : element('DA', date),
          '00080050': element('SH', `ACC-${study}`),
          '00080060': element('CS', modality),
          '00081030': element('LO', description),
          '00100010': element('PN', { Alphabetic, Ideographic }),
          '00100020': element('LO', `ID-${study}`),
        },
      }),
    );
  }
});
afterAll(async () => {
  await test[Symbol.asyncDispose]();
});

async function list(query = ''): Promise<{ ids: string[]; total: number }> {
  const response = await fetch(`${test.url}/api/studies?${query}`);
  const page = studyList.parse(await response.json());
  return { ids: page.studies.map((s) => s.patient.id.slice(3)), total: page.total };
}

describe('GET /api/studies', () => {
  it.each([
    ['', ['c', 'b', 'a']],
    ['sort=date', ['b', 'a', 'c']],
    ['sort=name&order=asc', ['b', 'a', 'c']],
    ['q=王', ['a']],
    ['q=王小明', ['a']],
    ['q=小明', ['a']],
    ['q=XIAOMING wang', ['a']],
    ['q=wangxiao', ['a']],
    ['q=增强', ['a']],
    ['q=100%25', ['b']],
    ['q=_', []],
    ['q=ACC-c', ['c']],
    ['q=id-', ['c', 'b', 'a']],
    ['q=2023', ['a']],
    ['q=mr', ['b']],
    ['q=王 mr', []],
    ['modality=CT', ['c', 'a']],
  ])('%s gives %j', async (query, ids) => {
    expect(await list(query)).toEqual({ ids, total: ids.length });
  });

  it('pages', async () => {
    expect(await list('limit=2')).toEqual({ ids: ['c', 'b'], total: 3 });
    expect(await list('limit=2&offset=2')).toEqual({ ids: ['a'], total: 3 });
  });

  it('refuses nonsense', async () => {
    for (const query of ['limit=0', 'limit=100000', 'sort=colour', 'offset=-1']) {
      expect((await fetch(`${test.url}/api/studies?${query}`)).status).toBe(400);
    }
  });
});

describe('DELETE /api/studies/:uid', () => {
  it('removes a study, once', async () => {
    await test.archive.ingest(slice({ study: 'gone', sop: 'gone' }));
    const address = `${test.url}/api/studies/${uids({ study: 'gone' }).study}`;
    expect((await fetch(address, { method: 'DELETE' })).status).toBe(204);
    expect((await fetch(address, { method: 'DELETE' })).status).toBe(404);
    expect((await fetch(`${test.url}/api/studies/..%2F..`, { method: 'DELETE' })).status).toBe(400);
  });
});

describe('GET /api/instances/:uid/frames/:n', () => {
  const get = (sop: string, frame: number | string) =>
    fetch(`${test.url}/api/instances/${sop}/frames/${frame}`);

  it('gives values after rescale, and how to read them', async () => {
    const response = await get(uids({ sop: 'a' }).sop, 1);
    const header = decodedFrame.parse(JSON.parse(response.headers.get('x-frame') ?? ''));
    const values = new Int16Array(await response.arrayBuffer());
    const truth = samplesOf().map((v) => v - 1024);
    expect(header).toMatchObject({ rows: 16, columns: 16, samplesPerPixel: 1, voxelType: 'int16' });
    expect(header.valueRange).toEqual([Math.min(...truth), Math.max(...truth)]);
    expect([...values]).toEqual([...truth]);
  });

  it('goes to float where a whole number would not be exact', async () => {
    const elements = { '00281053': element('DS', 0.5), '00281052': element('DS', 0.25) };
    await test.archive.ingest(slice({ study: 'float', sop: 'float', elements }));
    const response = await get(uids({ sop: 'float' }).sop, 1);
    expect(response.headers.get('x-frame')).toMatch('float32');
    const values = new Float32Array(await response.arrayBuffer());
    expect([...values]).toEqual([...samplesOf()].map((v) => v * 0.5 + 0.25));
  });

  it.each([
    ['1.2.3', '1', 404],
    [uids({ sop: 'a' }).sop, '2', 404],
    [uids({ sop: 'a' }).sop, '0', 400],
    [uids({ sop: 'a' }).sop, 'x', 400],
  ])('%s frame %s is %i', async (sop, frame, status) => {
    expect((await get(sop, frame)).status).toBe(status);
  });

  it.skipIf(!hasTestData)('gives colour as 8-bit RGB', async () => {
    const files = ['SC_rgb_rle_16bit_2frame', 'examples_palette', 'examples_ybr_color'];
    for (const file of files) {
      const bytes = await testData(`dicom_cases/colour/pydicom__${file}.dcm`);
      const { sopInstanceUid } = await test.archive.ingest(bytes);
      const response = await get(sopInstanceUid, file === 'examples_ybr_color' ? 30 : 1);
      const header = decodedFrame.parse(JSON.parse(response.headers.get('x-frame') ?? ''));
      expect(header).toMatchObject({ samplesPerPixel: 3, voxelType: 'uint8' });
      const body = new Uint8Array(await response.arrayBuffer());
      expect(body.length).toBe(header.rows * header.columns * 3);
      expect(new Set(body).size).toBeGreaterThan(2);
    }
  });

  it.skipIf(!hasTestData)('says why a PDF is no image', async () => {
    const bytes = await testData('dicom_cases/orthanc-regress/orthanc-tests__sample-pdf.dcm');
    const { sopInstanceUid } = await test.archive.ingest(bytes);
    const response = await get(sopInstanceUid, 1);
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ error: { code: 'no_pixels' } });
  });
});
