import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** The folder of the clone. */
export const repositoryFolder = resolve(import.meta.dirname, '../..');
export const webFolder = join(repositoryFolder, 'web/dist');

export interface Settings {
  readonly dataFolder: string;
  readonly host: string;
  /** 0 lets the system choose a free one. */
  readonly port: number;
  /** Sets the administrator's password at the first start, instead of the one-time link. */
  readonly adminPassword: string | undefined;
  /** Fill an empty library with the two synthetic patients. */
  readonly demo: boolean;
  /** The administrator lets this server fetch models from the internet. */
  readonly allowInternet: boolean;
}

/** Bad settings; the message is for the person who starts the server. */
export class SettingsError extends Error {}

/** Reads the environment. Throws SettingsError. */
export function readSettings(env: NodeJS.ProcessEnv): Settings {
  const text = (name: string): string | undefined => env[name]?.trim() || undefined;
  const port = Number(text('YUEPIAN_PORT') ?? '8080');
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new SettingsError(`YUEPIAN_PORT is "${env.YUEPIAN_PORT}"; a port is 0 to 65535.`);
  }
  return {
    dataFolder: resolve(text('YUEPIAN_DATA') ?? join(repositoryFolder, '.yuepian/data')),
    host: text('YUEPIAN_HOST') ?? '127.0.0.1',
    port,
    adminPassword: env.YUEPIAN_ADMIN_PASSWORD || undefined,
    allowInternet: ['1', 'true', 'yes'].includes(
      text('YUEPIAN_ALLOW_INTERNET')?.toLowerCase() ?? '',
    ),
    demo: !['0', 'false', 'no'].includes(text('YUEPIAN_DEMO')?.toLowerCase() ?? ''),
  };
}

export function readVersion(): string {
  const file = readFileSync(join(repositoryFolder, 'package.json'), 'utf8');
  return String((JSON.parse(file) as { version?: unknown }).version ?? '0');
}
