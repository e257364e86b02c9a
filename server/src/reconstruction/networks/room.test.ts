import path from 'node:path';
import { type StudyDetail, studyDetail } from '@yuepian/contract';
import {
  type DicomElements,
  element,
  labelMapSegmentationStorage,
  sequence,
  uidFrom,
  writeInstance,
} from '@yuepian/dicom';
import { describe, expect, it } from 'vitest';
import { openRoom, type TestRoom } from '../testing-room.ts';
import { goldenOf, slowNetwork, thresholdNetwork, writeModel } from './testing.ts';

const name = 'net body';
const ended = (room: TestRoom, kind: string) =>
  room.nextJob((job) => job.kind === kind && ['done', 'failed', 'cancelled'].includes(job.state));

async function open(room: TestRoom): Promise<StudyDetail> {
  return studyDetail.parse(
    (await room.app.inject(`/api/studies/${uidFrom(`${name} study`)}`)).json(),
  );
}

const seriesOf = (study: StudyDetail, uid: string) => {
  const found = study.series.find((s) => s.seriesInstanceUid === uid);
  if (!found) throw new Error('no such series');
  return found;
};

/** A room with the test body derived. */
async function prepared(): Promise<{ room: TestRoom; series: string }> {
  const room = await openRoom();
  await room.room.start();
  const done = ended(room, 'reconstruction');
  const { series } = await room.send({ name });
  expect((await done).state).toBe('done');
  return { room, series };
}

const run = (room: TestRoom, series: string, modelId: string) =>
  room.app.inject({
    method: 'POST',
    url: `/api/series/${series}/reconstruction`,
    payload: { modelId },
  });

describe('a model on a series', { timeout: 180_000 }, () => {
  it('gives a set beside the automatic one, which a doctor confirms or rejects', async () => {
    const { room, series } = await prepared();
    await using _ = room;
    const registry = path.join(room.dataFolder, 'in');
    room.as('admin');
    const { ModelRegistry } = await import('./registry.ts');
    await new ModelRegistry(room.dataFolder).add(
      await writeModel(registry, { onnx: thresholdNetwork(200), golden: goldenOf(200) }),
    );
    room.as('doctor');
    const list = (await room.app.inject(`/api/series/${series}/models`)).json();
    expect(list.models).toMatchObject([{ fits: true, misfits: [], model: { id: 'threshold' } }]);

    const done = ended(room, 'model');
    const answer = await run(room, series, 'threshold');
    expect(answer.statusCode).toBe(202);
    expect(await done).toMatchObject({ state: 'done', model: { id: 'threshold' } });

    const detail = seriesOf(await open(room), series);
    const [automatic, own] = detail.structureSets;
    expect(automatic).toMatchObject({ id: 'classical', kind: 'classical' });
    expect(automatic?.structures.map((s) => s.key)).toEqual(detail.structures.map((s) => s.key));
    expect(own).toMatchObject({
      kind: 'model',
      complete: true,
      title: { zh: '阈值', en: 'Threshold' },
      model: { id: 'threshold', licence: 'Apache-2.0' },
      run: { device: 'CPU' },
    });
    const [bone] = own?.structures ?? [];
    // Spine of 22 mm, cortex and marrow above 200: its volume by formula.
    const truth = (Math.PI * 22 ** 2 * 36 * 4) / 1000;
    expect(Math.abs((bone?.volumeMl ?? 0) / truth - 1)).toBeLessThan(0.2);
    expect(bone).toMatchObject({
      verified: false,
      source: 'model threshold 1.0, Apache-2.0',
      openEdges: 0,
    });
    for (const url of [bone?.meshUrl ?? '', own?.labelMap?.url ?? '']) {
      expect([url, (await room.app.inject(url)).statusCode]).toEqual([url, 200]);
    }
    // Its own object in the archive.
    expect((await open(room)).series.filter((s) => s.modality === 'SEG')).toHaveLength(2);

    for (const verdict of ['rejected', 'verified'] as const) {
      const said = await room.app.inject({
        method: 'POST',
        url: `/api/structures/${bone?.id}/verify`,
        payload: { verdict, content: bone?.content },
      });
      expect(said.json()).toMatchObject({
        verified: verdict === 'verified',
        verdict: { state: verdict, by: 'wang' },
      });
    }
    expect(room.audited.filter((e) => e.action === 'confirm').map((e) => e.details)).toMatchObject([
      { structure: 'bone', verdict: 'rejected' },
      { structure: 'bone', verdict: 'verified' },
    ]);

    // The same again is not computed again: the doctor's word holds.
    const again = ended(room, 'model');
    await run(room, series, 'threshold');
    expect((await again).state).toBe('done');
    const kept = seriesOf(await open(room), series).structureSets[1];
    expect(kept?.structures[0]?.verified).toBe(true);
    expect(kept?.run).toEqual(own?.run);
  });

  it('is refused where it does not fit, and says so when its process dies', async () => {
    const { room, series } = await prepared();
    await using _ = room;
    const { ModelRegistry } = await import('./registry.ts');
    const registry = new ModelRegistry(room.dataFolder);
    await registry.add(
      await writeModel(path.join(room.dataFolder, 'in'), {
        onnx: thresholdNetwork(200),
        golden: goldenOf(200),
      }),
    );
    await registry.add(
      await writeModel(path.join(room.dataFolder, 'mr'), {
        id: 'mr-only',
        onnx: thresholdNetwork(200),
        golden: goldenOf(200),
        manifest: { fits: { modalities: ['MR'], spacing: [0.5, 2] } },
      }),
    );
    const refused = await run(room, series, 'mr-only');
    expect(refused.statusCode).toBe(422);
    expect(refused.json().error).toMatchObject({ code: 'model_does_not_fit' });
    expect(refused.json().error.zh).toContain('MR');
    expect((await run(room, series, 'nobody')).statusCode).toBe(404);

    // The system's killer takes the child; the server says so, and it can be run again.
    const before = room.children.length;
    const died = ended(room, 'model');
    const running = room.nextJob((job) => job.kind === 'model' && job.state === 'running');
    await run(room, series, 'threshold');
    await running;
    while (room.children.length === before) await new Promise(setImmediate);
    process.kill(room.children.at(-1) ?? 0, 'SIGKILL');
    expect(await died).toMatchObject({ state: 'failed', error: { code: 'job_crashed' } });
    expect((await room.app.inject('/healthz')).statusCode).toBe(200);
    const done = ended(room, 'model');
    await run(room, series, 'threshold');
    expect((await done).state).toBe('done');
  });

  it('ends when it is cancelled in the middle: its process is gone, nothing half is left', async () => {
    const { room, series } = await prepared();
    await using _ = room;
    const { ModelRegistry } = await import('./registry.ts');
    await new ModelRegistry(room.dataFolder).add(
      await writeModel(path.join(room.dataFolder, 'in'), {
        onnx: slowNetwork(200),
        golden: goldenOf(200),
      }),
    );
    const working = room.nextJob((job) => job.kind === 'model' && job.step === 'infer');
    await run(room, series, 'threshold');
    const job = await working;
    const end = ended(room, 'model');
    await room.app.inject({ method: 'POST', url: `/api/jobs/${job.id}/cancel` });
    expect(await end).toMatchObject({ id: job.id, state: 'cancelled' });
    await room.room.stop();
    expect(() => process.kill(room.children.at(-1) ?? 0, 0)).toThrow('ESRCH');
    const sets = seriesOf(await open(room), series).structureSets;
    expect(sets.map((s) => s.kind)).toEqual(['classical']);
  });

  it('answers who may add one, and what the hospital allows', async () => {
    await using room = await openRoom();
    const add = () =>
      room.app.inject({
        method: 'POST',
        url: '/api/models',
        payload: { catalogueId: 'brainchop-model20chan3cls' },
      });
    expect((await add()).statusCode).toBe(403);
    room.as('admin');
    const refused = await add();
    expect(refused.json().error.code).toBe('internet_not_allowed');
    const catalogue = (await room.app.inject('/api/models/catalogue')).json();
    expect(catalogue.internetAllowed).toBe(false);
    expect(catalogue.entries[0]).toMatchObject({ addable: false, installed: false });
    expect((await room.app.inject('/api/models')).json().models).toMatchObject([
      { id: 'classical' },
    ]);
  });
});

/** A SEG of another maker on slices of the test body: a square of 20×20 pixels on ten slices. */
function foreignSeg(given: {
  title: string;
  type: 'BINARY' | 'FRACTIONAL' | 'LABELMAP';
  frame?: string;
  target?: string;
}): Uint8Array {
  const spacing = 400 / 96;
  const plane = Uint8Array.from({ length: 96 * 96 }, (_, n) => {
    const [x, y] = [n % 96, Math.floor(n / 96)];
    return x >= 40 && x < 60 && y >= 30 && y < 50 ? 1 : 0;
  });
  const frames = 10;
  const all = new Uint8Array(96 * 96 * frames);
  for (let k = 0; k < frames; k++) {
    // Fractions: three quarters inside, a third around it, which is below one half.
    all.set(
      given.type === 'FRACTIONAL' ? plane.map((v) => (v === 1 ? 190 : 80)) : plane,
      k * 96 * 96,
    );
  }
  const bits = new Uint8Array(Math.ceil(all.length / 8));
  all.forEach((v, n) => {
    if (v === 1) bits[n >> 3] = (bits[n >> 3] ?? 0) | (1 << (n & 7));
  });
  const binary = given.type === 'BINARY';
  const code = (value: string, meaning: string): DicomElements => ({
    '00080100': element('SH', value),
    '00080102': element('SH', 'SCT'),
    '00080104': element('LO', meaning),
  });
  return writeInstance({
    '00080016': element(
      'UI',
      given.type === 'LABELMAP' ? labelMapSegmentationStorage : '1.2.840.10008.5.1.4.1.1.66.4',
    ),
    '00080018': element('UI', uidFrom(given.title)),
    '00080060': element('CS', 'SEG'),
    '00080070': element('LO', 'Other Maker'),
    '0008103E': element('LO', given.title),
    '00100010': element('PN', { Alphabetic: 'Test^Body' }),
    '00100020': element('LO', 'T1'),
    '0020000D': element('UI', uidFrom(`${name} study`)),
    '0020000E': element('UI', uidFrom(`${given.title} series`)),
    '00200052': element('UI', given.frame ?? uidFrom(`${name} frame of reference`)),
    '00081115': sequence({ '0020000E': element('UI', given.target ?? uidFrom(`${name} series`)) }),
    '00280002': element('US', 1),
    '00280004': element('CS', 'MONOCHROME2'),
    '00280008': element('IS', frames),
    '00280010': element('US', 96),
    '00280011': element('US', 96),
    '00280100': element('US', binary ? 1 : 8),
    '00280101': element('US', binary ? 1 : 8),
    '00280102': element('US', binary ? 0 : 7),
    '00280103': element('US', 0),
    '00620001': element('CS', given.type),
    ...(given.type === 'FRACTIONAL'
      ? { '00620010': element('CS', 'PROBABILITY'), '0062000E': element('US', 255) }
      : {}),
    '00620002': sequence({
      '00620004': element('US', 1),
      '00620005': element('LO', 'Lesion A'),
      '00620008': element('CS', 'MANUAL'),
      '00620003': sequence(code('49755003', 'Morphologically Altered Structure')),
      '0062000F': sequence(code('108369006', 'Neoplasm')),
    }),
    '52009229': sequence({
      '00209116': sequence({ '00200037': element('DS', 1, 0, 0, 0, 1, 0) }),
      '00289110': sequence({
        '00180050': element('DS', 4),
        '00280030': element('DS', spacing, spacing),
      }),
    }),
    '52009230': sequence(
      ...Array.from({ length: frames }, (_, k) => ({
        '00209113': sequence({
          '00200032': element('DS', -200 + spacing / 2, -200 + spacing / 2, (k + 10) * 4),
        }),
        ...(given.type === 'LABELMAP'
          ? {}
          : { '0062000A': sequence({ '0062000B': element('US', 1) }) }),
      })),
    ),
    '7FE00010': { vr: 'OB', bytes: binary ? bits : all },
  });
}

describe('structures of other makers', () => {
  it.each(['BINARY', 'FRACTIONAL', 'LABELMAP'] as const)(
    'shows a %s segmentation',
    async (type) => {
      const { room, series } = await prepared();
      await using _ = room;
      const done = ended(room, 'segments');
      await room.archive.ingest(foreignSeg({ title: `seg ${type}`, type }));
      expect((await done).state).toBe('done');
      const detail = seriesOf(await open(room), series);
      const set = detail.structureSets.find((s) => s.kind === 'segmentation');
      expect(set).toMatchObject({ source: 'SEG of Other Maker', complete: true });
      expect(set?.notes.length).toBe(type === 'FRACTIONAL' ? 1 : 0);
      const [lesion] = set?.structures ?? [];
      expect(lesion).toMatchObject({
        voxels: 4000,
        name: { zh: '肿瘤', en: 'Lesion A' },
        verified: false,
      });
      expect(lesion?.volumeMl).toBeCloseTo((4000 * (400 / 96) ** 2 * 4) / 1000, 1);
      expect(detail.unshown).toEqual([]);
    },
  );

  it('keeps one whose series is not here, and shows it when that comes', async () => {
    await using room = await openRoom();
    await room.room.start();
    const waiting = ended(room, 'segments');
    await room.archive.ingest(foreignSeg({ title: 'early', type: 'BINARY' }));
    expect((await waiting).state).toBe('done');
    const own = seriesOf(await open(room), uidFrom('early series'));
    expect(own.unshown[0]?.reason.en).toContain(uidFrom(`${name} series`));
    const shown = ended(room, 'segments');
    await room.send({ name });
    expect((await shown).state).toBe('done');
    const study = await open(room);
    const sets = seriesOf(study, uidFrom(`${name} series`)).structureSets;
    expect(sets.map((s) => s.kind)).toContain('segmentation');
    expect(seriesOf(study, uidFrom('early series')).unshown).toEqual([]);
  });

  it('lays none over another frame of reference, and says why', async () => {
    const { room, series } = await prepared();
    await using _ = room;
    const done = ended(room, 'segments');
    const frame = uidFrom('another place');
    await room.archive.ingest(foreignSeg({ title: 'elsewhere', type: 'BINARY', frame }));
    expect((await done).state).toBe('done');
    const detail = seriesOf(await open(room), series);
    expect(detail.structureSets.every((s) => s.kind === 'classical')).toBe(true);
    expect(detail.unshown).toMatchObject([
      { title: 'elsewhere', reason: { en: expect.stringContaining('another FrameOfReference') } },
    ]);
  });
});
