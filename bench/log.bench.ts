import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { caseId, studyInstanceUid } from '@yuepian/contract';
import * as Y from 'yjs';
import { CaseStore, casesMigrations } from '../server/src/cases/cases.store.ts';
import { CaseRecord, firstUpdate } from '../server/src/cases/record.ts';
import { silentLog } from '../server/src/http/index.ts';
import { migrate, openDatabase } from '../server/src/storage/index.ts';
import { print } from './figure.ts';
import { weighDatabase } from './weigh.store.ts';

const people = 6;
const minutes = 45;
/** Share of the time a person scrolls or drags; the crosshair is then written every 300 ms. */
const moving = 0.2;
/** Share of the time the lead's view changes; it is then recorded twice a second. */
const leading = 0.5;
const marks = 60;
const strokes = 40;
const pointsPerStroke = 150;
const meetings = 3;
const casesPerDay = 8;
const daysPerYear = 250;

/** What the logs of ordinary case discussions take on the disk, loose and packed. */
export default async function log(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'yuepian-log-bench-'));
  try {
    const file = join(folder, 'db.sqlite');
    const database = openDatabase(file);
    await migrate(database, casesMigrations);
    const store = new CaseStore(database);
    let rows = 0;
    let loose = 0;
    const records: CaseRecord[] = [];
    for (let n = 0; n < meetings; n++) {
      const record = await meeting(store, n);
      records.push(record);
      rows += record.seq;
      for await (const page of store.log(record.id)) {
        loose += page.reduce((sum, row) => sum + row.bytes.byteLength, 0);
      }
    }
    for (const record of records) await record.snapshotIfWorthwhile();
    await database.destroy();
    const empty = join(folder, 'empty.sqlite');
    const other = openDatabase(empty);
    await migrate(other, casesMigrations);
    await other.destroy();
    const disk = (weighDatabase(file) - weighDatabase(empty)) / meetings;
    const note = `${people} people, ${minutes} min, ${marks} marks, ${strokes} strokes of ${pointsPerStroke} points; ${Math.round(rows / meetings)} rows`;
    const n = meetings;
    print({ name: 'log.meeting.rows', value: loose / meetings / 1e6, unit: 'MB', n, note });
    print({ name: 'log.meeting.disk', value: disk / 1e6, unit: 'MB', n, note });
    const year = (disk * casesPerDay * daysPerYear) / 1e6;
    const yearNote = `${casesPerDay} such meetings a day, ${daysPerYear} days, snapshots included`;
    print({ name: 'log.year.disk', value: year, unit: 'MB', n, note: yearNote });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Writes one meeting into the store, as clients would. */
async function meeting(store: CaseStore, index: number): Promise<CaseRecord> {
  const id = caseId.parse(`case-${index}`);
  const first = { seq: 1, at: 0, userId: '', kind: 'change', bytes: firstUpdate() } as const;
  await store.create(
    {
      id,
      studyInstanceUid: studyInstanceUid.parse(`1.2.${index}`),
      title: '',
      createdAt: '2026-01-01',
      derivedFrom: null,
    },
    first,
  );
  const record = await CaseRecord.load(id, store, silentLog);
  const random = generator(index + 1);
  const place = () => [0, 1, 2].map(() => (random() - 0.5) * 300);
  const waiting: Promise<void>[] = [];
  const authors = Array.from({ length: people }, (_, n) => {
    const document = new Y.Doc();
    document.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin === 'line') return;
      waiting.push(record.append(update, `00000000-0000-4000-8000-00000000000${n}`));
      for (const other of authors) if (other !== document) Y.applyUpdate(other, update, 'line');
    });
    return document;
  });
  const seconds = minutes * 60;
  const drifts = Math.round((seconds * moving) / 0.3);
  const views = Math.round((seconds * leading) / 0.5);
  for (let n = 0; n < drifts; n++) {
    for (const document of authors) {
      document.getMap('view').set('crosshair', place());
    }
    if (n < views) {
      const [a = 0, b = 0, c = 0] = place();
      const camera = { centre: [a, b, c], normal: [0, 0, -1], up: [0, -1, 0], halfExtent: 153.6 };
      const cameras = { axial: camera, coronal: camera, sagittal: camera, volume: camera };
      const state = { layout: 'four', crosshair: [a, b, c], window: { centre: 40, width: 400 } };
      const structures = Object.fromEntries(
        Array.from({ length: 12 }, (_, s) => [`structure-${s}`, { visible: true, opacity: 1 }]),
      );
      waiting.push(record.note('view', { version: 1, state, cameras, structures }, 'lead'));
    }
    if (n % Math.ceil(drifts / (marks + strokes)) === 0) {
      const author = authors[n % people];
      const key = `mark-${index}-${n}`;
      const isInk = random() < strokes / (marks + strokes);
      const points = isInk ? pointsPerStroke : 0;
      const ink = new Uint8Array(
        Int16Array.from({ length: points * 4 }, () => random() * 40).buffer,
      );
      author?.getMap('marks').set(
        key,
        new Y.Map(
          Object.entries({
            version: 1,
            id: key,
            kind: isInk ? 'ink' : 'length',
            frameOfReferenceUid: '1.2.840.113619.2.55.3.604688119.868.1234567890.123',
            plane: { point: place(), normal: [0, 0, 1] },
            points: [place(), place()],
            ...(isInk && { ink }),
            label: '',
            colour: '#5aa9e6',
            author: { id: 'user', name: '王医生' },
            createdAt: '2026-11-20T08:00:00.000Z',
            hidden: false,
          }),
        ),
      );
    }
    if (waiting.length > 200) await Promise.all(waiting.splice(0));
  }
  await Promise.all(waiting);
  return record;
}

/** mulberry32: the same meeting each time. */
function generator(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
