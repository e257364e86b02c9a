import { may, type Permission, type User, user, YuepianError } from '@yuepian/contract';
import { z } from 'zod';
import { command, request, whenSignedOut } from '../api/index.ts';
import { createStore, useStore } from '../ui/index.ts';

/** Who is signed in here: `unknown` until the server was asked. */
export type Session =
  | { readonly state: 'unknown' }
  | { readonly state: 'failed'; readonly error: unknown }
  | { readonly state: 'out'; readonly ended: boolean }
  | { readonly state: 'in'; readonly user: User };

const store = createStore<{ session: Session }>({ session: { state: 'unknown' } });

const answer = z.object({ user });

whenSignedOut(() => {
  if (store.get().session.state === 'in') store.set({ session: { state: 'out', ended: true } });
});

export async function loadSession(): Promise<void> {
  try {
    const { user: me } = await request(answer, '/api/session');
    store.set({ session: { state: 'in', user: me } });
  } catch (error) {
    const isOut = error instanceof YuepianError && error.code === 'not_signed_in';
    store.set({ session: isOut ? { state: 'out', ended: false } : { state: 'failed', error } });
  }
}

/** @throws YuepianError wrong_password, too_many_attempts */
export async function signIn(name: string, password: string): Promise<void> {
  const { user: me } = await request(answer, '/api/session', {
    method: 'POST',
    body: { name, password },
  });
  store.set({ session: { state: 'in', user: me } });
}

/** Takes over a session that another answer of the server opened (first password). */
export const enter = (me: User): void => store.set({ session: { state: 'in', user: me } });

export async function signOut(): Promise<void> {
  await command('/api/session', { method: 'DELETE' });
  store.set({ session: { state: 'out', ended: false } });
}

export const useSession = (): Session => useStore(store, (s) => s.session);
export const useMe = (): User | undefined =>
  useStore(store, (s) => (s.session.state === 'in' ? s.session.user : undefined));
export const useMay = (permission: Permission): boolean => {
  const me = useMe();
  return me !== undefined && may(me.role, permission);
};
