import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startServer, type TestServer } from '../testing.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ password: 'correct horse' });
});
afterAll(() => server?.[Symbol.asyncDispose]());

const json = { 'content-type': 'application/json' };
const send = (path: string, init: RequestInit & { json?: unknown } = {}) => {
  const { json: value, ...rest } = init;
  return fetch(new URL(path, server.url), {
    ...rest,
    ...(value === undefined
      ? {}
      : { body: JSON.stringify(value), headers: { ...json, ...(init.headers as object) } }),
  });
};
const codeOf = async (response: Response) =>
  ((await response.json()) as { error: { code: string } }).error.code;
const signIn = (name: string, password: string) =>
  send('/api/session', { method: 'POST', json: { name, password } });
const addUser = async (name: string, role: string, password = 'battery staple') => {
  const response = await server.fetch('/api/users', {
    method: 'POST',
    headers: json,
    body: JSON.stringify({ name, displayName: name, role, password }),
  });
  expect(response.status).toBe(201);
  return (await response.json()) as { id: string; name: string };
};

describe('sign-in', () => {
  test('gives a cookie that scripts cannot read, and the user', async () => {
    const response = await signIn('Admin', 'correct horse');
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ user: { name: 'admin', role: 'admin' } });
    const cookie = response.headers.getSetCookie().join();
    expect(cookie).toMatch(/HttpOnly/);
    expect(cookie).toMatch(/SameSite=Lax/);
    expect(cookie).not.toMatch(/Secure/);
    const me = await send('/api/session', { headers: { cookie: cookie.split(';')[0] ?? '' } });
    expect(await me.json()).toMatchObject({ user: { name: 'admin' } });
  });

  test('behind a proxy that ends TLS the cookie is Secure', async () => {
    const response = await send('/api/session', {
      method: 'POST',
      json: { name: 'admin', password: 'correct horse' },
      headers: { 'x-forwarded-proto': 'https' },
    });
    expect(response.headers.getSetCookie().join()).toMatch(/Secure/);
  });

  test('an ended session is refused from then on', async () => {
    const cookie = await server.signIn();
    expect((await send('/api/session', { headers: { cookie } })).status).toBe(200);
    await send('/api/session', { method: 'DELETE', headers: { cookie } });
    const after = await send('/api/session', { headers: { cookie } });
    expect(after.status).toBe(401);
    expect(await codeOf(after)).toBe('not_signed_in');
  });

  test('unknown name and wrong password are answered alike, and guessing is slowed down', async () => {
    const unknown = await signIn('nobody', 'whatever');
    const user = await addUser('victim', 'doctor');
    const wrong = await signIn('victim', 'whatever');
    expect([unknown.status, wrong.status]).toEqual([401, 401]);
    expect(await unknown.json()).toEqual(await wrong.json());
    for (let i = 0; i < 5; i++) await signIn('victim', `guess ${i}`);
    const blocked = await signIn('victim', 'battery staple');
    expect(blocked.status).toBe(429);
    expect(Number(blocked.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await codeOf(blocked)).toBe('too_many_attempts');
    // Others are not held up, and neither is the same guess by Basic let through.
    expect((await signIn('admin', 'correct horse')).status).toBe(200);
    const basic = { authorization: `Basic ${btoa('victim:battery staple')}` };
    expect((await send('/api/session', { headers: basic })).status).toBe(429);
    expect(user.name).toBe('victim');
  });

  test('bad bodies are refused with a reason', async () => {
    const empty = await send('/api/session', { method: 'POST', json: {} });
    expect([empty.status, await codeOf(empty)]).toEqual([400, 'invalid_request']);
    const broken = await send('/api/session', { method: 'POST', headers: json, body: '{' });
    expect([broken.status, await codeOf(broken)]).toEqual([400, 'invalid_request']);
    const huge = await send('/api/session', {
      method: 'POST',
      // Just over the limit: the answer comes before the body ends, and the line is closed behind it.
      json: { name: 'a', password: 'x'.repeat(1 << 20) },
    });
    expect([huge.status, await codeOf(huge)]).toEqual([413, 'too_large']);
    const xml = await send('/api/session', {
      method: 'POST',
      headers: { 'content-type': 'text/xml' },
      body: '<a/>',
    });
    expect([xml.status, await codeOf(xml)]).toEqual([415, 'unsupported_media_type']);
  });
});

describe('other sites', () => {
  test.each([
    ['a foreign Origin', { origin: 'http://evil.example' }],
    ['an opaque Origin', { origin: 'null' }],
    ['Sec-Fetch-Site without Origin', { 'sec-fetch-site': 'cross-site' }],
  ])('%s cannot change anything', async (_name, headers) => {
    const cookie = await server.signIn();
    const response = await send('/api/session', {
      method: 'DELETE',
      headers: { cookie, ...headers },
    });
    expect([response.status, await codeOf(response)]).toEqual([403, 'wrong_origin']);
    expect((await send('/api/session', { headers: { cookie } })).status).toBe(200);
  });

  test('our own page can', async () => {
    const cookie = await server.signIn();
    const headers = { cookie, origin: server.url, 'sec-fetch-site': 'same-origin' };
    expect((await send('/api/session', { method: 'DELETE', headers })).status).toBe(204);
  });
});

describe('users and roles', () => {
  test('only an administrator manages users; the last one stays', async () => {
    await addUser('li', 'doctor', 'li password');
    const doctor = { cookie: await server.signIn('li', 'li password') };
    for (const path of ['/api/users', '/api/tokens', '/api/audit']) {
      const response = await send(path, { headers: doctor });
      expect([path, response.status]).toEqual([path, 403]);
    }
    const { users } = (await (await server.fetch('/api/users')).json()) as {
      users: { id: string; name: string }[];
    };
    const admin = users.find((u) => u.name === 'admin');
    const response = await server.fetch(`/api/users/${admin?.id}`, { method: 'DELETE' });
    expect([response.status, await codeOf(response)]).toEqual([400, 'invalid_request']);
    expect(JSON.stringify(users)).not.toMatch(/argon2|password/);
  });

  test('names are taken once, whatever the case; short passwords are refused', async () => {
    await addUser('王医生', 'doctor');
    await addUser('Wang', 'doctor');
    const again = await server.fetch('/api/users', {
      method: 'POST',
      headers: json,
      body: JSON.stringify({
        name: 'wang',
        displayName: '',
        role: 'viewer',
        password: 'long enough',
      }),
    });
    expect([again.status, await codeOf(again)]).toEqual([409, 'already_exists']);
    const weak = await server.fetch('/api/users', {
      method: 'POST',
      headers: json,
      body: JSON.stringify({ name: 'zhao', displayName: '', role: 'viewer', password: 'short' }),
    });
    expect([weak.status, await codeOf(weak)]).toEqual([400, 'weak_password']);
  });

  test('of a change of role and password all is made and recorded, or nothing', async () => {
    const user = await addUser('both', 'viewer');
    const change = (json: unknown) =>
      server.fetch(`/api/users/${user.id}`, {
        method: 'PATCH',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(json),
      });
    const recorded = async () => {
      const { entries } = (await (await server.fetch('/api/audit?limit=1000')).json()) as {
        entries: { action: string; object?: { id: string } }[];
      };
      return entries.filter((e) => e.object?.id === user.id).map((e) => e.action);
    };
    const weak = await change({ role: 'admin', password: 'x' });
    expect([weak.status, await codeOf(weak)]).toEqual([400, 'weak_password']);
    const { users } = (await (await server.fetch('/api/users')).json()) as {
      users: { id: string; role: string }[];
    };
    expect(users.find((u) => u.id === user.id)?.role).toBe('viewer');
    expect(await recorded()).toEqual(['user_created']);
    const good = await change({ role: 'doctor', password: 'a good password' });
    expect(await good.json()).toMatchObject({ role: 'doctor' });
    expect((await recorded()).sort()).toEqual(['password_set', 'user_changed', 'user_created']);
  });

  test('a deleted user loses session, Basic and token at once; the name is free again', async () => {
    const user = await addUser('temp', 'doctor', 'temp password');
    const cookie = await server.signIn('temp', 'temp password');
    const basic = { authorization: `Basic ${btoa('temp:temp password')}` };
    const created = await server.fetch('/api/tokens', {
      method: 'POST',
      headers: json,
      body: JSON.stringify({ userId: user.id, label: 'CT 1' }),
    });
    const { secret } = (await created.json()) as { secret: string };
    const bearer = { authorization: `Bearer ${secret}` };
    const statuses = () =>
      Promise.all(
        [{ cookie }, basic, bearer].map(
          async (headers) => (await send('/api/session', { headers })).status,
        ),
      );
    expect(await statuses()).toEqual([200, 200, 200]);
    await server.fetch(`/api/users/${user.id}`, { method: 'DELETE' });
    expect(await statuses()).toEqual([401, 401, 401]);
    await addUser('temp', 'viewer');
  });

  test('changing the own password ends other sessions and the remembered old one', async () => {
    await addUser('chen', 'doctor', 'first password');
    const here = await server.signIn('chen', 'first password');
    const elsewhere = await server.signIn('chen', 'first password');
    const old = { authorization: `Basic ${btoa('chen:first password')}` };
    expect((await send('/api/session', { headers: old })).status).toBe(200);
    const change = (current: string) =>
      send('/api/session/password', {
        method: 'POST',
        headers: { cookie: here },
        json: { current, password: 'second password' },
      });
    expect((await change('wrong')).status).toBe(401);
    expect((await change('first password')).status).toBe(204);
    expect((await send('/api/session', { headers: { cookie: here } })).status).toBe(200);
    expect((await send('/api/session', { headers: { cookie: elsewhere } })).status).toBe(401);
    expect((await send('/api/session', { headers: old })).status).toBe(401);
  });

  test('a revoked token ends', async () => {
    const user = await addUser('machine', 'viewer');
    const created = await server.fetch('/api/tokens', {
      method: 'POST',
      headers: json,
      body: JSON.stringify({ userId: user.id, label: 'PACS' }),
    });
    const { id, secret } = (await created.json()) as { id: string; secret: string };
    const headers = { authorization: `Bearer ${secret}` };
    expect((await send('/api/session', { headers })).status).toBe(200);
    const open = await send('/api/events', { headers });
    const other = await server.fetch('/api/events');
    expect((await server.fetch(`/api/tokens/${id}`, { method: 'DELETE' })).status).toBe(204);
    expect((await send('/api/session', { headers })).status).toBe(401);
    // What it had open ends with it, and nobody else's.
    expect(await open.text()).toContain('retry:');
    const reader = other.body?.getReader();
    expect((await reader?.read())?.done).toBe(false);
    await reader?.cancel();
  });
});

test('many Basic requests at once pay the slow hash once and are all right', async () => {
  await addUser('bulk', 'doctor', 'bulk password');
  const authorization = `Basic ${btoa('bulk:bulk password')}`;
  const statuses = await Promise.all(
    Array.from({ length: 60 }, async () => {
      const response = await send('/api/session', { headers: { authorization } });
      return response.status;
    }),
  );
  expect(new Set(statuses)).toEqual(new Set([200]));
});

test('the record holds sign-ins, refusals and changes, and verifies', async () => {
  await signIn('admin', 'correct horse');
  await signIn('mallory', 'no such user');
  const { entries } = (await (await server.fetch('/api/audit?limit=1000')).json()) as {
    entries: { action: string; outcome: string; user: { name: string } }[];
  };
  expect(entries.slice(0, 2)).toMatchObject([
    { action: 'sign_in', outcome: 'refused', user: { name: 'mallory' } },
    { action: 'sign_in', outcome: 'ok', user: { name: 'admin' } },
  ]);
  expect(entries.at(-1)).toMatchObject({ action: 'password_set' });
  expect(await (await server.fetch('/api/audit/check')).json()).toMatchObject({ ok: true });
});

describe('the first start', () => {
  test('prints a link that works once and ends when a new one is printed', async () => {
    await using fresh = await startServer({ password: null });
    const first = new URL(fresh.setupUrl ?? '').searchParams.get('token') ?? '';
    await fresh.restart();
    const second = new URL(fresh.setupUrl ?? '').searchParams.get('token') ?? '';
    expect(fresh.output()).toContain(second);
    const use = (token: string, password = 'a good password') =>
      fetch(`${fresh.url}/api/setup`, {
        method: 'POST',
        headers: json,
        body: JSON.stringify({ token, password }),
      });
    expect((await use(first)).status).toBe(410);
    expect(await codeOf(await use(second, 'short'))).toBe('weak_password');
    expect(await (await fetch(`${fresh.url}/api/setup?token=${second}`)).json()).toEqual({
      name: 'admin',
    });
    const both = await Promise.all([use(second), use(second)]);
    expect(both.map((r) => r.status).sort()).toEqual([200, 410]);
    expect(
      both
        .find((r) => r.ok)
        ?.headers.getSetCookie()
        .join(),
    ).toMatch(/yuepian_session/);
    await fresh.restart();
    expect(fresh.setupUrl).toBeNull();
    await fresh.signIn('admin', 'a good password');
  });
});
