import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type CaseId,
  type InkBatch,
  type LeadView,
  markId,
  type StudyInstanceUid,
} from '@yuepian/contract';
import { type ShownView, viewDigest } from '@yuepian/geometry';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { casesMigrations, createCases } from '../../../server/src/cases/index.ts';
import { fetchTicket } from '../../../server/src/cases/testing.ts';
import { silentLog } from '../../../server/src/http/index.ts';
import { createIdentity, identityMigrations } from '../../../server/src/identity/index.ts';
import { migrate, openDatabase } from '../../../server/src/storage/index.ts';
import { startServer, type TestServer } from '../../../server/src/testing.ts';
import { Away } from './away.ts';
import { Replay } from './replay.ts';
import { endingOf } from './save-state.ts';
import { connectTo, lengthMark, type TestPerson, when, whenSave } from './testing.ts';

const password = 'correct horse';
let folder: string;
let server: TestServer;
let admin: TestPerson;
let doctor: TestPerson;
let viewer: TestPerson;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'yuepian-client-'));
  const database = openDatabase(join(folder, 'yuepian.sqlite'));
  await migrate(database, [...identityMigrations, ...casesMigrations]);
  const identity = createIdentity(database);
  await identity.addUser({ name: 'wang', displayName: '王医生', role: 'doctor', password });
  await identity.addUser({ name: 'looker', displayName: 'Looker', role: 'viewer', password });
  const cases = createCases({ database, ...identity, log: silentLog });
  const caseId: CaseId = await cases.caseOfStudy('1.2.3' as StudyInstanceUid);
  await cases.close();
  await database.destroy();
  server = await startServer({ dataFolder: folder, password });
  const person = async (name: string): Promise<TestPerson> => ({
    url: server.url,
    caseId,
    cookie: await server.signIn(name, password),
  });
  admin = await person('admin');
  doctor = await person('wang');
  viewer = await person('looker');
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const asAdmin = (path: string, init: RequestInit = {}) =>
  fetch(new URL(path, server.url), {
    ...init,
    headers: { cookie: admin.cookie, 'content-type': 'application/json' },
  });

const leadViewAt = (z: number, digest?: LeadView['digest']): LeadView => ({
  version: 1,
  state: { layout: 'axial', crosshair: [1, 2, z], window: { centre: 40, width: 400 } },
  cameras: { axial: { centre: [0, 0, z], normal: [0, 0, -1], up: [0, -1, 0], halfExtent: 150 } },
  structures: { bone: { visible: true, opacity: 0.5 } },
  ...(digest && { digest }),
});
const shown = (z: number): ShownView => ({
  seriesInstanceUid: '1',
  volumeId: 'v',
  revision: '1',
  panes: [{ kind: 'axial', point: [0, 0, z], normal: [0, 0, -1], up: [0, -1, 0], isSlice: true }],
  window: { centre: 40, width: 400 },
  invert: false,
  slab: { mode: 'none', thickness: 0 },
  structures: [],
});

describe('what the server takes for good', () => {
  it.each([
    [4400, 'invalid_request', true],
    [4401, 'not_signed_in', true],
    [4403, 'not_allowed', true],
    [4409, 'unsupported_version', true],
    [4413, 'too_large', true],
    [4430, 'too_many_connections', true],
    [4429, 'too_fast', false],
    [4507, 'storage_full', false],
    [4500, 'internal', false],
  ])('a close with %i means %s, final: %s', (code, reason, isFinal) => {
    expect(endingOf({ code, reason })).toEqual({ code: reason, isFinal });
  });
  it('takes an ordinary end for a lost line', () => {
    expect(endingOf({ code: 1006, reason: '' })).toEqual({ code: undefined, isFinal: false });
  });

  it('stops when signed out, keeps the change, says why, and goes on after signing in', async () => {
    const cookie = await server.signIn('wang', password);
    const own = { ...doctor, cookie };
    let asked = 0;
    using one = connectTo(own, {
      fetchTicket: () => {
        asked++;
        return fetchTicket(own);
      },
    });
    await whenSave(one, 'saved');
    await fetch(`${server.url}/api/session`, { method: 'DELETE', headers: { cookie } });
    // A ticket is asked for once more, since a restarted server forgets tickets; that settles it.
    await when(one.save, (s) => s.save.state === 'refused' || s.save.state === 'offline');
    one.document.addMark(lengthMark('kept'));
    expect(await whenSave(one, 'refused')).toEqual({
      state: 'refused',
      waiting: 1,
      code: 'not_signed_in',
    });
    expect(asked).toBe(2);
    own.cookie = await server.signIn('wang', password);
    one.retry();
    await whenSave(one, 'saved');
    using reader = connectTo(doctor);
    await whenSave(reader, 'saved');
    expect(reader.document.content.marks.map((m) => m.id)).toContain('kept');
  });

  it('ends for good when an update is too large, without asking again and again', async () => {
    let asked = 0;
    using one = connectTo(doctor, {
      fetchTicket: () => {
        asked++;
        return fetchTicket(doctor);
      },
    });
    await whenSave(one, 'saved');
    one.document.doc.getMap('marks').set('huge', 'x'.repeat(5 << 20));
    expect(await whenSave(one, 'refused')).toEqual({
      state: 'refused',
      waiting: 1,
      code: 'too_large',
    });
    expect(asked).toBe(1);
    one.document.doc.getMap('marks').delete('huge');
    one.retry();
    await whenSave(one, 'saved');
    expect(asked).toBe(2);
  });
});

describe('several people', () => {
  it('see each other with names, colours, roles and devices', async () => {
    using one = connectTo(doctor, { device: 'board' });
    using two = connectTo(viewer, { device: 'phone', mayChange: false });
    const { people } = await when(
      one.live.state,
      (s) => s.people.length === 2 && s.people.every((p) => p.device !== 'desk'),
    );
    expect(people.map((p) => [p.name, p.role, p.device]).sort()).toEqual([
      ['Looker', 'observer', 'phone'],
      ['王医生', 'participant', 'board'],
    ]);
    expect(new Set(people.map((p) => p.colour)).size).toBe(2);
    two.close();
    await when(one.live.state, (s) => s.people.length === 1);
  });

  it('undo only their own last act', async () => {
    using one = connectTo(doctor);
    using two = connectTo(admin);
    await Promise.all([whenSave(one, 'saved'), whenSave(two, 'saved')]);
    one.document.addMark(lengthMark('a-one', 1));
    two.document.addMark(lengthMark('b-two', 2));
    const ids = (d: typeof one) => d.document.content.marks.map((m) => m.id as string);
    const both = (d: typeof one) =>
      when({ get: () => ids(d), subscribe: (l) => d.document.subscribe(l) }, (now) =>
        ['a-one', 'b-two'].every((id) => now.includes(id)),
      );
    await Promise.all([both(one), both(two)]);
    one.document.undo();
    await when(
      { get: () => ids(two), subscribe: (l) => two.document.subscribe(l) },
      (now) => !now.includes('a-one'),
    );
    expect(ids(two)).toContain('b-two');
    expect(one.document.content.canUndo).toBe(false);
    two.document.undo();
    await whenSave(two, 'saved');
  });

  it('point in millimetres and draw wet ink that others see whole and in order', async () => {
    using one = connectTo(doctor);
    using two = connectTo(admin);
    await when(two.live.state, (s) => s.people.length === 2);
    await when(one.live.state, (s) => s.people.length === 2);
    const cursorSeen = new Promise<readonly number[]>((resolve) =>
      two.live.onCursors(([first]) => first && resolve(first.cursor.at)),
    );
    one.live.sendCursor({ at: [1.23456789, -2, 3], view: 'coronal' });
    expect(await cursorSeen).toEqual([1.235, -2, 3]);
    expect(one.live.cursors).toEqual([]);

    const points: number[] = [];
    const drawn = new Promise<string | undefined>((resolve) =>
      two.live.onWetInk((_person, batch) => {
        expect(batch.from).toBe(points.length / 4);
        points.push(...batch.points);
        if (batch.end) resolve(batch.end);
      }),
    );
    const stroke: Omit<InkBatch, 'from' | 'points'> = {
      stroke: markId.parse('stroke-1'),
      tool: 'pen',
      colour: '#ffffff',
      width: 1,
      plane: { point: [0, 0, 0], normal: [0, 0, 1] },
    };
    for (let n = 0; n < 200; n++) {
      one.live.sendInk({
        ...stroke,
        from: n,
        points: [n, 0, 0, 0.5],
        ...(n === 199 && { end: 'done' as const }),
      });
      if (n % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await drawn).toBe('done');
    expect(points.filter((_, n) => n % 4 === 0)).toEqual(Array.from({ length: 200 }, (_, n) => n));
  });

  it('lose the wet ink of somebody whose line is cut', async () => {
    using two = connectTo(admin);
    using one = connectTo(doctor);
    await when(one.live.state, (s) => s.people.length === 2);
    await when(two.live.state, (s) => s.people.length === 2);
    const gone = new Promise<void>((resolve) =>
      two.live.onWetInk((_p, batch) => (batch.end === 'gone' ? resolve() : one.close())),
    );
    one.live.sendInk({
      stroke: markId.parse('cut'),
      tool: 'laser',
      colour: '#ffffff',
      width: 1,
      plane: { point: [0, 0, 0], normal: [0, 0, 1] },
      from: 0,
      points: [0, 0, 0, 1],
    });
    await gone;
  });

  it('follow who leads, look away, rejoin, and hear of a view that differs', async () => {
    using lead = connectTo(doctor);
    using other = connectTo(admin);
    await when(lead.live.state, (s) => s.people.length === 2);
    const views: number[] = [];
    const seen = (count: number) =>
      new Promise<void>((resolve) => {
        const stop = other.live.onLeadView((view) => {
          const z = view.cameras.axial?.centre[2];
          if (z !== undefined && z !== views.at(-1)) views.push(z);
          if (views.length < count) return;
          stop();
          resolve();
        });
      });
    const first = seen(1);
    lead.live.sendView(leadViewAt(10, viewDigest(shown(10))));
    lead.live.takeLead();
    await when(lead.live.state, (s) => s.follow === 'leading');
    await first;
    expect(views).toEqual([10]);
    expect(other.live.state.get()).toMatchObject({ follow: 'following', lead: { name: '王医生' } });

    // The same picture is no difference, another slice is one, for both sides.
    other.live.reportShown(viewDigest(shown(12)));
    await when(other.live.state, (s) => s.viewMismatch.includes('plane'));
    const { people } = await when(lead.live.state, (s) => s.people.some((p) => p.differs.length));
    expect(people.find((p) => p.differs.length)?.differs).toEqual(['plane']);
    other.live.reportShown(viewDigest(shown(10)));
    await when(lead.live.state, (s) => s.people.every((p) => p.differs.length === 0));

    other.live.touched();
    expect(other.live.state.get().follow).toBe('free');
    const cursor = new Promise<void>((resolve) => other.live.onCursors((c) => c[0] && resolve()));
    lead.live.sendView(leadViewAt(20));
    lead.live.sendCursor({ at: [0, 0, 0], view: 'axial' });
    await cursor;
    expect(views).toEqual([10]);
    const again = seen(2);
    other.live.rejoin();
    await again;
    expect(views).toEqual([10, 20]);

    other.live.askForLead();
    const { asking } = await when(lead.live.state, (s) => s.asking.length === 1);
    const [who] = asking;
    if (!who) throw new Error('nobody asks');
    lead.live.declineAsking(who.personId);
    await when(other.live.state, (s) => s.wasDeclined);
    await when(lead.live.state, (s) => s.asking.length === 0);
    other.live.askForLead();
    await when(lead.live.state, (s) => s.asking.length === 1);
    lead.live.giveLead(who.personId);
    await when(other.live.state, (s) => s.follow === 'leading');
    await when(lead.live.state, (s) => s.follow === 'following');
    other.live.releaseLead();
    await when(lead.live.state, (s) => s.lead === undefined && s.follow === 'free');

    const { entries } = (await (await asAdmin('/api/audit?limit=50')).json()) as {
      entries: { action: string; details: { change?: string } }[];
    };
    const changes = entries.filter((e) => e.action === 'lead').map((e) => e.details.change);
    expect(changes.reverse()).toEqual(['taken', 'given', 'released']);
  });

  it('may not lead or draw as observers, whatever their page says', async () => {
    using one = connectTo(viewer, { mayChange: false });
    await when(one.live.state, (s) => s.me !== undefined);
    one.live.takeLead();
    const { refused, lead } = await when(one.live.state, (s) => s.refused !== undefined);
    expect([refused, lead]).toEqual(['not_allowed', undefined]);
  });
});

describe('the past', () => {
  it('plays back what was drawn and looked at, forwards and backwards, and goes on as a copy', async () => {
    using one = connectTo(doctor);
    await whenSave(one, 'saved');
    one.document.addMark(lengthMark('born', 30));
    await whenSave(one, 'saved');
    one.live.sendView(leadViewAt(77));
    one.live.takeLead();
    await when(one.live.state, (s) => s.follow === 'leading');
    const options = { fetch: (path: string) => asAdmin(path) };
    // The view is written half a second after at the latest; the log tells when.
    const recorded = async (): Promise<Replay> => {
      for (;;) {
        const replay = await Replay.open(doctor.caseId, options);
        replay.seekSeq(Number.MAX_SAFE_INTEGER);
        if (replay.state.get().view) return replay;
        replay.close();
      }
    };
    const replay = await recorded();
    one.live.releaseLead();
    one.document.removeMark(lengthMark('born', 30).id);
    await whenSave(one, 'saved');

    const last = replay.state.get();
    expect(last.view?.cameras.axial?.centre).toEqual([0, 0, 77]);
    expect(replay.names[last.leadUserId ?? '']).toBe('王医生');
    expect(replay.jumpToBirth(lengthMark('born').id)).toBe(true);
    const at = replay.state.get();
    expect(at.document.content.marks.map((m) => m.id)).toContain('born');
    replay.seekSeq(at.seq - 1);
    expect(replay.state.get().document.content.marks.map((m) => m.id)).not.toContain('born');

    replay.jumpToBirth(lengthMark('born').id);
    const copied = await asAdmin(`/api/cases/${doctor.caseId}/copies`, {
      method: 'POST',
      body: JSON.stringify({ seq: replay.state.get().seq, title: '教学' }),
    });
    expect(copied.status).toBe(201);
    const copy = (await copied.json()) as { id: CaseId };
    const content = (await (await asAdmin(`/api/cases/${copy.id}`)).json()) as {
      marks: { id: string }[];
      derivedFrom: { id: string };
    };
    expect(content.marks.map((m) => m.id)).toContain('born');
    expect(content.derivedFrom.id).toBe(doctor.caseId);
    const { cases } = (await (await asAdmin('/api/cases?study=1.2.3')).json()) as {
      cases: { title: string }[];
    };
    expect(cases.map((c) => c.title)).toEqual(['', '教学']);
    const refused = await fetch(`${server.url}/api/cases/${doctor.caseId}/copies`, {
      method: 'POST',
      headers: { cookie: viewer.cookie, 'content-type': 'application/json' },
      body: JSON.stringify({ seq: 1, title: 'x' }),
    });
    expect(refused.status).toBe(403);
    replay.close();
  });

  it('tells what others changed while one was away, and not what one did oneself', async () => {
    const seen = new Map<string, string>();
    const store = {
      getItem: (key: string) => seen.get(key) ?? null,
      setItem: (key: string, value: string) => void seen.set(key, value),
    };
    const watch = (connection: ReturnType<typeof connectTo>) =>
      new Away({
        caseId: doctor.caseId,
        live: connection.live,
        seen: store,
        fetch: (path) => asAdmin(path),
      });
    {
      using one = connectTo(admin);
      using away = { away: watch(one), [Symbol.dispose]() {} };
      await whenSave(one, 'saved');
      await when(one.live.state, (s) => s.isConnected);
      expect(away.away.state.get().summary).toBeUndefined();
      away.away.close();
    }
    {
      using other = connectTo(doctor);
      await whenSave(other, 'saved');
      other.document.addMark(lengthMark('news-1', 40));
      other.document.addMark(lengthMark('news-2', 41));
      other.document.changeMark(lengthMark('news-1').id, { label: '肿瘤' });
      await whenSave(other, 'saved');
    }
    using one = connectTo(admin);
    const away = watch(one);
    const { summary } = await when(away.state, (s) => s.summary !== undefined);
    expect(summary?.people).toMatchObject([{ name: '王医生', added: 2, changed: 1, removed: 0 }]);
    expect(summary?.events.map((e) => e.markId)).toEqual(['news-1', 'news-2', 'news-1']);
    away.dismiss();
    away.close();
  });
});
