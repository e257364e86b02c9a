import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeInstance } from '@yuepian/dicom';
import { median, percentile, print } from './figure.ts';
import { startServer } from './server.ts';
import { stow } from './stow.ts';

const studies = 10_000;
const families = ['王', '李', '张', '刘', '陈', '杨', '赵', '黄', '周', '吴'];
const latin = ['Wang', 'Li', 'Zhang', 'Liu', 'Chen', 'Yang', 'Zhao', 'Huang', 'Zhou', 'Wu'];

/** QIDO over 10,000 studies: name, date, id, modality and Chinese wildcard queries in turn. */
export default async function qido(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'yuepian-qido-'));
  await using server = await startServer();
  try {
    const files = Array.from({ length: studies }, (_, n) => instanceFile(folder, n));
    await stow(
      { url: `${server.url}/dicom-web/studies`, authorization: server.authorization },
      files,
      { perRequest: 100 },
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const queries = [
    'PatientName=*王*&limit=50',
    'PatientName=zhang*&limit=50',
    'StudyDate=20240101-20240131&limit=50',
    'PatientID=P004711',
    'ModalitiesInStudy=MR&limit=50',
    'limit=50&offset=500',
    'StudyDescription=*abdomen*&StudyDate=20240601-&limit=50',
  ];
  const times: number[] = [];
  for (let n = 0; n < 350; n++) {
    const query = queries[n % queries.length] ?? '';
    const started = performance.now();
    const response = await server.get(`/dicom-web/studies?${encodeURI(query)}`);
    const rows = (await response.json()) as unknown[];
    times.push(performance.now() - started);
    if (!response.ok || rows.length === 0)
      throw new Error(`QIDO ${query} found nothing (${response.status})`);
  }
  print({
    name: 'qido.p95',
    value: percentile(times, 0.95),
    unit: 'ms',
    n: times.length,
    note: `${studies} studies, ${queries.length} kinds of query`,
  });
  print({ name: 'qido.median', value: median(times), unit: 'ms', n: times.length, note: '' });
}

function instanceFile(folder: string, n: number): string {
  const day = new Date(Date.UTC(2023, 0, 1 + (n % 900)))
    .toISOString()
    .slice(0, 10)
    .replaceAll('-', '');
  const text = (vr: string, value: string) => ({ vr, Value: [value] });
  const bytes = writeInstance({
    '00080005': text('CS', 'ISO_IR 192'),
    '00080016': text('UI', '1.2.840.10008.5.1.4.1.1.88.11'),
    '00080018': text('UI', `2.25.9${n}3`),
    '00080020': text('DA', day),
    '00080030': text('TM', '101500'),
    '00080050': text('SH', `A${n}`),
    '00080060': text('CS', n % 3 === 0 ? 'MR' : 'CT'),
    '00081030': text('LO', n % 2 === 0 ? 'CT abdomen' : 'Head'),
    '00100010': {
      vr: 'PN',
      Value: [{ Alphabetic: `${latin[n % 10]}^N${n}`, Ideographic: `${families[n % 10]}^${n}` }],
    },
    '00100020': text('LO', `P${String(n).padStart(6, '0')}`),
    '0020000D': text('UI', `2.25.9${n}1`),
    '0020000E': text('UI', `2.25.9${n}2`),
    '00200010': text('SH', String(n)),
    '00200011': text('IS', '1'),
    '00200013': text('IS', '1'),
  });
  const file = join(folder, `${n}.dcm`);
  writeFileSync(file, bytes);
  return file;
}
