import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { parseArgs } from 'node:util';
import { createUser, role } from '@yuepian/contract';
import { DataFolderBusy, lockDataFolder } from '../data-lock.store.ts';
import { createIdentity, type Identity, identityMigrations } from '../identity/index.ts';
import { readSettings } from '../settings.ts';
import { migrate, openDatabase } from '../storage/index.ts';
import { CommandError, UsageError } from './usage.ts';

/** `user add` and `user reset-password`: maintenance on the data folder while no server runs. */
export async function user(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { role: { type: 'string', default: 'doctor' }, password: { type: 'string' } },
  });
  const [action, name, ...rest] = positionals;
  if (rest.length > 0 || !name || (action !== 'add' && action !== 'reset-password')) {
    throw new UsageError('Say "user add NAME" or "user reset-password NAME".');
  }
  const wanted = role.safeParse(values.role);
  if (!wanted.success) {
    throw new UsageError(`--role is admin, doctor or viewer; "${values.role}" is none.`);
  }
  const password = values.password ?? (await ask(`Password of ${name}: `));
  return withIdentity(async (identity) => {
    if (action === 'add') {
      const input = createUser.safeParse({ name, displayName: '', role: wanted.data, password });
      if (!input.success) {
        throw new UsageError(
          'A user name has letters, digits and . _ @ - and is not longer than 64.',
        );
      }
      await identity.addUser(input.data);
      console.log(`Added ${name} (${wanted.data}).`);
    } else {
      await identity.resetPassword(name, password);
      console.log(`The password of ${name} is set; open sessions have ended.`);
    }
    return 0;
  });
}

async function ask(question: string): Promise<string> {
  if (!process.stdin.isTTY) throw new UsageError('Give the password with --password.');
  const reader = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return await reader.question(question);
  } finally {
    reader.close();
  }
}

async function withIdentity(work: (identity: Identity) => Promise<number>): Promise<number> {
  const { dataFolder } = readSettings(process.env);
  const lock = await lockDataFolder(dataFolder).catch((error: unknown) => {
    if (!(error instanceof DataFolderBusy)) throw error;
    throw new CommandError('The server is running; stop it first, or use its user page.');
  });
  const database = openDatabase(join(dataFolder, 'yuepian.sqlite'));
  try {
    await migrate(database, identityMigrations);
    return await work(createIdentity(database));
  } finally {
    await database.destroy();
    await lock.release();
  }
}
