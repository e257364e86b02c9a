import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type DicomJson, describeInstance, element, frameBytes, readDataset } from '@yuepian/dicom';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { headerParameters, readMultipart } from '../multipart.ts';
import { inflateDataset } from '../pixels/index.ts';
import {
  hasTestData,
  related,
  samplesOf,
  slice,
  startArchive,
  stow,
  stowBody,
  type TestArchive,
  testData,
  uids,
} from '../testing.ts';

let test: TestArchive;
let base: string;
beforeAll(async () => {
  test = await startArchive();
  base = `${test.url}/dicom-web`;
});
afterAll(async () => {
  await test[Symbol.asyncDispose]();
});

const json = async (address: string, accept = 'application/dicom+json'): Promise<DicomJson[]> =>
  (await (await fetch(`${base}${address}`, { headers: { accept } })).json()) as DicomJson[];
const value = (item: DicomJson | undefined, tag: string): unknown => item?.[tag]?.Value?.[0];

const items = (item: DicomJson, tag: string): DicomJson[] =>
  (item[tag]?.Value ?? []) as DicomJson[];

interface Answer {
  status: number;
  type: string;
  parts: { type: string; body: Uint8Array }[];
}
/** A multipart answer, taken apart. */
async function parts(address: string, accept?: string): Promise<Answer> {
  const response = await fetch(`${base}${address}`, { headers: accept ? { accept } : {} });
  const type = response.headers.get('content-type') ?? '';
  const answer: Answer = { status: response.status, type, parts: [] };
  const { value: media, parameters } = headerParameters(type);
  if (media !== 'multipart/related' || response.body === null) return answer;
  for await (const part of readMultipart(response.body, parameters.get('boundary') ?? '')) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of part.body) chunks.push(chunk);
    answer.parts.push({
      type: part.headers.get('content-type') ?? '',
      body: new Uint8Array(Buffer.concat(chunks)),
    });
  }
  return answer;
}
const instancePath = (o = {}): string => {
  const { study, series, sop } = uids(o);
  return `/studies/${study}/series/${series}/instances/${sop}`;
};

describe('STOW-RS', () => {
  it('stores what it is given and refers to it', async () => {
    const made = [1, 2, 3].map((n) => ({ study: 'stow', sop: `stow ${n}`, seed: n }));
    const response = await stow(test.url, made.map(slice));
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toMatch('application/dicom+json');
    const body = (await response.json()) as DicomJson;
    const { study } = uids({ study: 'stow' });
    expect(body['00081190']?.Value).toEqual([`${base}/studies/${study}`]);
    const stored = items(body, '00081199');
    expect(stored.map((s) => value(s, '00081155'))).toEqual(made.map((o) => uids(o).sop));
    const url = value(stored[0], '00081190') as string;
    expect((await fetch(url)).status).toBe(200);
    expect(test.audited.at(-1)).toMatchObject({ action: 'export' });
  });

  it('tells the good from the bad, each with its reason', async () => {
    const good = { study: 'mixed', sop: 'good' };
    await stow(test.url, [slice({ ...good, seed: 1 })]);
    const response = await stow(test.url, [
      slice({ ...good, seed: 1 }),
      slice({ ...good, seed: 2 }),
      Buffer.from('no dicom at all, but long enough to be looked at '.repeat(5)),
    ]);
    expect(response.status).toBe(202);
    const body = (await response.json()) as DicomJson;
    expect(body['00081199']?.Value).toHaveLength(1);
    const failed = items(body, '00081198')[0];
    expect(value(failed, '00081155')).toBe(uids(good).sop);
    expect(value(failed, '00081197')).toBe(0x0111);
    const other = items(body, '0008119A')[0];
    expect(value(other, '00081197')).toBe(0xc000);
    expect(value(other, '00000902')).toMatch('not_dicom');
  });

  it('refuses all of it with 409, and an instance of another study', async () => {
    const study = uids({ study: 'wanted' }).study;
    const response = await fetch(`${base}/studies/${study}`, {
      method: 'POST',
      headers: { 'content-type': related },
      body: new Uint8Array(stowBody([slice({ study: 'unwanted', sop: 'unwanted' })])),
    });
    expect(response.status).toBe(409);
    expect(
      (await json(`/studies?StudyInstanceUID=${uids({ study: 'unwanted' }).study}`)).length,
    ).toBe(0);
  });

  it.each([
    ['text/plain', 415],
    ['multipart/related; type="application/dicom+xml"; boundary=BB', 415],
    ['multipart/related; type="application/dicom"', 400],
  ])('answers %s with %i', async (type, status) => {
    const response = await fetch(`${base}/studies`, {
      method: 'POST',
      headers: { 'content-type': type },
      body: new Uint8Array(stowBody([slice()])),
    });
    expect(response.status).toBe(status);
    expect(await response.json()).toHaveProperty('error.code');
  });
});

describe('QIDO-RS', () => {
  const people = [
    {
      study: 'q1',
      name: { Alphabetic: 'Wang^XiaoMing', Ideographic: '王^小明' },
      date: '20230105',
    },
    { study: 'q2', name: { Alphabetic: 'Ōuyang^Rén', Ideographic: '欧阳^仁' }, date: '20230630' },
    {
      study: 'q3',
      name: { Alphabetic: 'Yamada^Tarou', Ideographic: '山田^太郎', Phonetic: 'やまだ^たろう' },
      date: '20240229',
    },
    { study: 'q4', name: { Alphabetic: 'O_Neil%^Zoe' }, date: '' },
  ];
  const found = async (query: string): Promise<string[]> => {
    const items = await json(`/studies?PatientComments=&${query}`);
    const byUid = new Map(people.map((p) => [uids(p).study, p.study]));
    return items.flatMap((item) => byUid.get(value(item, '0020000D') as string) ?? []).sort();
  };

  beforeAll(async () => {
    for (const [i, { study, name, date }] of people.entries()) {
      await stow(test.url, [
        slice({
          study,
          sop: study,
          elements: {
            '00100010': element('PN', name),
            '00100020': element('LO', `Q-${i}`),
            '00080020': date === '' ? { vr: 'DA' } : element('DA', date),
            '00080030': element('TM', `${10 + i}3000`),
            '00080050': element('SH', `AN${i}`),
            '00080060': element('CS', i === 1 ? 'MR' : 'CT'),
            '00100040': element('CS', i % 2 === 0 ? 'F' : 'M'),
          },
        }),
      ]);
    }
  });

  it.each([
    ['PatientName=*小*', ['q1']],
    ['PatientName=欧阳^仁', ['q2']],
    ['PatientName=wang*', ['q1']],
    ['PatientName=WANG^XIAOMING', ['q1']],
    ['PatientName=ouyang*', ['q2']],
    ['PatientName=やまだ*', ['q3']],
    ['PatientName=*=山田*', ['q3']],
    ['PatientName=Yamada^Taro?', ['q3']],
    ['PatientName=O_Neil%25*', ['q4']],
    ['PatientName=OxNeil*', []],
    ['PatientName=Wang', []],
    ['PatientName=小明王&fuzzymatching=true', ['q1']],
    ['PatientName=tarou yam&fuzzymatching=true', ['q3']],
    ['PatientID=Q-1', ['q2']],
    ['PatientID=q-?', ['q1', 'q2', 'q3', 'q4']],
    ['00100020=Q-2', ['q3']],
    ['AccessionNumber=AN0', ['q1']],
    ['StudyDate=20230105&PatientID=Q*', ['q1']],
    ['StudyDate=20230101-20231231&PatientID=Q*', ['q1', 'q2']],
    ['StudyDate=20230701-&PatientID=Q*', ['q3']],
    ['StudyDate=-20230105&PatientID=Q*', ['q1']],
    ['StudyTime=11-12&PatientID=Q*', ['q2', 'q3']],
    ['ModalitiesInStudy=MR&PatientID=Q*', ['q2']],
    ['ModalitiesInStudy=MR,CT&PatientID=Q*', ['q1', 'q2', 'q3', 'q4']],
    ['PatientSex=F&PatientID=Q*', ['q1', 'q3']],
  ])('%s finds %j', async (query, studies) => {
    expect(await found(query)).toEqual(studies);
  });

  it('takes lists of UIDs, with commas or backslashes', async () => {
    const [a, b] = [uids({ study: 'q1' }).study, uids({ study: 'q2' }).study];
    expect(await found(`StudyInstanceUID=${a},${b}`)).toEqual(['q1', 'q2']);
    expect(await found(`StudyInstanceUID=${a}%5C${b}`)).toEqual(['q1', 'q2']);
  });

  it('returns the attributes a client may rely on', async () => {
    const [study] = await json('/studies?PatientID=Q-0');
    expect(study?.['00100010']).toEqual({
      vr: 'PN',
      Value: [{ Alphabetic: 'Wang^XiaoMing', Ideographic: '王^小明' }],
    });
    expect(study?.['00080061']).toEqual({ vr: 'CS', Value: ['CT'] });
    expect(study?.['00201206']).toEqual({ vr: 'IS', Value: [1] });
    expect(study?.['00201208']).toEqual({ vr: 'IS', Value: [1] });
    expect(study?.['00080005']).toEqual({ vr: 'CS', Value: ['ISO_IR 192'] });
    expect(study?.['00080090']).toEqual({ vr: 'PN' });
    expect(study).not.toHaveProperty('00101010');
    const [more] = await json('/studies?PatientID=Q-0&includefield=InstitutionName,00080080');
    expect(more).toHaveProperty('00100020');
  });

  it('pages, and says that there is more', async () => {
    const response = await fetch(`${base}/studies?PatientID=Q-*&limit=3`);
    expect(await response.json()).toHaveLength(3);
    expect(response.headers.get('warning')).toMatch('299');
    const rest = await fetch(`${base}/studies?PatientID=Q-*&limit=3&offset=3`);
    expect(await rest.json()).toHaveLength(1);
    expect(rest.headers.get('warning')).toBeNull();
  });

  it('goes down to series and instances', async () => {
    const { study, series, sop } = uids({ study: 'q1', sop: 'q1' });
    expect(value((await json(`/studies/${study}/series`))[0], '0020000E')).toBe(series);
    const all = await json('/series?PatientID=Q-*&Modality=MR');
    expect(all.map((s) => value(s, '00100020'))).toEqual(['Q-1']);
    for (const address of [
      `/studies/${study}/series/${series}/instances`,
      `/studies/${study}/instances`,
      `/instances?SOPInstanceUID=${sop}&Rows=16`,
    ]) {
      const [instance] = await json(address);
      expect(value(instance, '00080018')).toBe(sop);
      expect(value(instance, '00280010')).toBe(16);
      expect(value(instance, '00081190')).toBe(
        `${base}${instancePath({ study: 'q1', sop: 'q1' })}`,
      );
    }
  });

  it.each([
    'StudyDate=yesterday',
    'StudyInstanceUID=1.2.x',
    'limit=-1',
    'NoSuchAttribute=1',
    'SeriesNumber=one',
  ])('%s is refused', async (query) => {
    const response = await fetch(`${base}/series?${query}`);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: 'invalid_request' } });
  });

  it('cannot be led astray by SQL', async () => {
    expect(await found(`PatientID=${encodeURIComponent("' OR 1=1 --")}`)).toEqual([]);
  });
});

describe('WADO-RS', () => {
  const o = { study: 'wado', sop: 'wado 1', seed: 7 };
  const stored = slice(o);
  beforeAll(async () => {
    await stow(test.url, [stored, slice({ ...o, sop: 'wado 2', seed: 8 })]);
  });

  it.each([undefined, '*/*', 'multipart/related; type="application/dicom"'])(
    'gives back exactly what was stored: %s',
    async (accept) => {
      const one = await parts(instancePath(o), accept);
      expect(one.status).toBe(200);
      expect(one.parts[0]?.type).toBe('application/dicom; transfer-syntax=1.2.840.10008.1.2.1');
      expect(Buffer.compare(one.parts[0]?.body ?? new Uint8Array(0), stored)).toBe(0);
      const { study, series } = uids(o);
      expect((await parts(`/studies/${study}`, accept)).parts).toHaveLength(2);
      expect((await parts(`/studies/${study}/series/${series}`, accept)).parts).toHaveLength(2);
    },
  );

  it('gives one instance alone, as application/dicom', async () => {
    const response = await fetch(`${base}${instancePath(o)}`, {
      headers: { accept: 'application/dicom' },
    });
    expect(Buffer.compare(Buffer.from(await response.arrayBuffer()), stored)).toBe(0);
  });

  it('describes what it has, with addresses for what is big', async () => {
    const { study, series, sop } = uids(o);
    for (const address of [
      `/studies/${study}/metadata`,
      `/studies/${study}/series/${series}/metadata`,
    ]) {
      expect(await json(address)).toHaveLength(2);
    }
    const [item] = await json(`${instancePath(o)}/metadata`);
    expect(value(item, '00080018')).toBe(sop);
    expect(value(item, '00081030')).toBe('腹部增强 CT');
    const uri = item?.['7FE00010']?.BulkDataURI ?? '';
    const bulk = await parts(uri.slice(base.length));
    expect(bulk.parts[0]?.body).toEqual(new Uint8Array(samplesOf(o).buffer));
  });

  it('gives frames, in multipart or alone', async () => {
    const truth = new Uint8Array(samplesOf(o).buffer);
    const many = await parts(`${instancePath(o)}/frames/1`);
    expect(many.parts[0]?.type).toMatch('application/octet-stream');
    expect(many.parts[0]?.body).toEqual(truth);
    const alone = await fetch(`${base}${instancePath(o)}/frames/1`, {
      headers: { accept: 'application/octet-stream' },
    });
    expect(new Uint8Array(await alone.arrayBuffer())).toEqual(truth);
  });

  it.each([
    ['/studies/1.2.3', 404],
    [`${instancePath({ ...o, sop: 'nobody' })}`, 404],
    [`${instancePath(o)}/frames/2`, 404],
    [`${instancePath(o)}/frames/0`, 400],
    [`${instancePath(o)}/bulkdata/00100099`, 404],
  ])('%s is %i', async (address, status) => {
    expect((await fetch(`${base}${address}`)).status).toBe(status);
  });

  it('says what it cannot give', async () => {
    for (const accept of [
      'image/png',
      'multipart/related; type="application/dicom"; transfer-syntax=1.2.3',
    ]) {
      expect((await parts(instancePath(o), accept)).status).toBe(406);
    }
  });
});

describe.skipIf(!hasTestData)('WADO-RS of compressed and odd images', () => {
  const folder = 'transfer_syntaxes/ctimage/CTImage.dcm';
  const explicit =
    'multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.1';
  const kinds = {
    jpegLs: `${folder}_JPEGLSLosslessTransferSyntax_1.2.840.10008.1.2.4.80.dcm`,
    jpeg2000: `${folder}_JPEG2000LosslessOnlyTransferSyntax_1.2.840.10008.1.2.4.90.dcm`,
    rle: `${folder}_RLELosslessTransferSyntax_1.2.840.10008.1.2.5.dcm`,
    bigEndian: `${folder}_BigEndianExplicitTransferSyntax_1.2.840.10008.1.2.2.dcm`,
    implicit: `${folder}_LittleEndianImplicitTransferSyntax_1.2.840.10008.1.2.dcm`,
    deflated: `${folder}_DeflatedExplicitVRLittleEndianTransferSyntax_1.2.840.10008.1.2.1.99.dcm`,
  };
  const media = { jpegLs: 'image/jls', jpeg2000: 'image/jp2', rle: 'image/dicom-rle' } as const;

  async function put(bytes: Uint8Array): Promise<{ own: TestArchive; address: string }> {
    const own = await startArchive();
    const result = await own.archive.ingest(bytes);
    const address = `/studies/${result.studyInstanceUid}/series/${result.seriesInstanceUid}/instances/${result.sopInstanceUid}`;
    return { own, address };
  }
  async function ask(own: TestArchive, address: string, accept?: string): Promise<Answer> {
    const before = base;
    base = `${own.url}/dicom-web`;
    try {
      return await parts(address, accept);
    } finally {
      base = before;
    }
  }

  it.each(Object.entries(kinds))(
    '%s: stored as it was, and as explicit little endian',
    async (_, file) => {
      const bytes = await testData(file);
      const truth = frameBytes(readDataset(await testData(`${folder}`)), 1);
      const { own, address } = await put(bytes);
      await using _own = own;
      const same = await ask(own, address);
      expect(Buffer.compare(same.parts[0]?.body ?? new Uint8Array(0), bytes)).toBe(0);
      const plain = await ask(own, address, explicit);
      const dataset = readDataset(plain.parts[0]?.body ?? new Uint8Array(0));
      expect(dataset.transferSyntaxUid).toBe('1.2.840.10008.1.2.1');
      expect(Buffer.compare(frameBytes(dataset, 1), truth)).toBe(0);
      const header = describeInstance(dataset);
      const original = describeInstance(
        readDataset(bytes, { stopAtPixelData: true, inflateRaw: inflateDataset }),
      );
      expect({ ...header, transferSyntaxUid: '' }).toEqual({ ...original, transferSyntaxUid: '' });
      const frame = await ask(own, `${address}/frames/1`);
      expect(Buffer.compare(frame.parts[0]?.body ?? new Uint8Array(0), truth)).toBe(0);
    },
  );

  it.each(Object.entries(media))('%s frames as they are stored are %s', async (kind, type) => {
    const bytes = await testData(kinds[kind as keyof typeof kinds]);
    const { own, address } = await put(bytes);
    await using _own = own;
    const codestream = frameBytes(readDataset(bytes), 1);
    for (const accept of [
      `multipart/related; type="${type}"`,
      'multipart/related; type=application/octet-stream; transfer-syntax=*',
    ]) {
      const answer = await ask(own, `${address}/frames/1`, accept);
      expect(answer.parts[0]?.type).toMatch(type);
      expect(Buffer.compare(answer.parts[0]?.body ?? new Uint8Array(0), codestream)).toBe(0);
    }
  });

  it('DCMTK reads what was made explicit, and sees the same pixels', async ({ skip }) => {
    const dump = (file: string) =>
      execFileSync('dcmdump', ['+W', path.dirname(file), '+L', file], { encoding: 'latin1' });
    try {
      execFileSync('dcmdump', ['--version'], { stdio: 'pipe' });
    } catch {
      return skip('dcmdump is not installed');
    }
    const work = await mkdtemp(path.join(tmpdir(), 'yuepian-dcmtk-'));
    try {
      const { own, address } = await put(await testData(kinds.bigEndian));
      await using _own = own;
      const answer = await ask(own, address, explicit);
      const file = path.join(work, 'explicit.dcm');
      await writeFile(file, answer.parts[0]?.body ?? '');
      expect(dump(file)).toMatch('Little Endian Explicit');
      const raw = await readFile(`${file}.0.raw`);
      const truth = frameBytes(readDataset(await testData(folder)), 1);
      expect(Buffer.compare(raw, truth)).toBe(0);
    } finally {
      await rm(work, { recursive: true });
    }
  });

  it.each(['gb18030', 'ir58', 'utf8'])('a Chinese name in %s is found and shown', async (kind) => {
    await using own = await startArchive();
    await own.archive.ingest(await testData(`dicom_cases/charset-cn-${kind}/00000.dcm`));
    const answer = await fetch(`${own.url}/dicom-web/studies?PatientName=*王*`);
    const [study] = (await answer.json()) as DicomJson[];
    expect(value(study, '00100010')).toMatchObject({ Ideographic: expect.stringMatching('王') });
  });
});
