import { type Role, type User, user } from '@yuepian/contract';
import { z } from 'zod';
import { command, request } from '../api/index.ts';

const userList = z.object({ users: z.array(user) });

export const listUsers = async (signal?: AbortSignal) =>
  (await request(userList, '/api/users', signal ? { signal } : {})).users;

/** @throws YuepianError already_exists, weak_password, invalid_request */
export const addUser = (input: {
  readonly name: string;
  readonly displayName: string;
  readonly role: Role;
  readonly password: string;
}): Promise<void> => command('/api/users', { method: 'POST', body: input });

export const removeUser = (id: string): Promise<void> =>
  command(`/api/users/${encodeURIComponent(id)}`, { method: 'DELETE' });

/** Whose password a one-time link sets. @throws YuepianError link_used_or_expired */
export const setupName = async (token: string, signal: AbortSignal): Promise<string> => {
  const path = `/api/setup?token=${encodeURIComponent(token)}`;
  return (await request(z.object({ name: z.string() }), path, { signal })).name;
};

/** Sets the password and signs in. @throws YuepianError link_used_or_expired, weak_password */
export const setFirstPassword = async (token: string, password: string): Promise<User> => {
  const body = { token, password };
  return (await request(z.object({ user }), '/api/setup', { method: 'POST', body })).user;
};

export const setRole = (id: string, role: Role): Promise<void> =>
  command(`/api/users/${encodeURIComponent(id)}`, { method: 'PATCH', body: { role } });

/** @throws YuepianError wrong_password, weak_password */
export const changePassword = (current: string, password: string): Promise<void> =>
  command('/api/session/password', { method: 'POST', body: { current, password } });
