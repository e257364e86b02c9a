import { parseArgs } from 'node:util';
import { DataFolderBusy } from '../data-lock.store.ts';
import { consoleLog } from '../http/index.ts';
import { type RunningServer, start } from '../main.ts';
import { readSettings, readVersion, SettingsError, webFolder } from '../settings.ts';
import { buildWebIfNeeded } from './build-web.ts';
import { CommandError } from './usage.ts';

/** A stop that takes longer than this is ended the hard way; the data survives that too. */
const stopMs = 9_000;
const lingerMs = 300;

/** `serve`: builds the web app when needed, starts the server, and runs until it is told to stop. */
export async function serve(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { 'no-build': { type: 'boolean' } } });
  const settings = settingsOrSentence();
  const stopped = untilSignal();
  // A stray failure must not take everybody's open case down; what is stored is stored anyway.
  process.on('unhandledRejection', (error) => consoleLog.error('unhandled rejection', error));
  if (!values['no-build']) await buildWebIfNeeded(webFolder, stopped.signal);
  if (stopped.signal.aborted) return 0;

  const server = await start(settings, consoleLog).catch((error: unknown) => {
    throw new CommandError(whyNot(error, settings.host, settings.port) ?? stackOf(error));
  });
  greet(server, settings.dataFolder);
  // Tells a parent that started us with a channel (tests, tools) where we listen.
  process.send?.({ type: 'listening', url: server.url, setupUrl: server.setupUrl });

  await stopped.promise;
  console.log('Stopping …');
  setTimeout(() => {
    console.error('Stopping took too long; ended now. Everything confirmed as saved is on disk.');
    process.exit(1);
  }, stopMs).unref();
  await server.stop();
  console.log('Stopped.');
  process.disconnect?.();
  // Nothing holds the process now; if something does all the same, it is not worth waiting for.
  setTimeout(() => process.exit(0), lingerMs).unref();
  return 0;
}

function settingsOrSentence() {
  try {
    return readSettings(process.env);
  } catch (error) {
    if (error instanceof SettingsError) throw new CommandError(error.message);
    throw error;
  }
}

/** Resolves at the first SIGINT, SIGTERM or SIGHUP; later ones change nothing. */
function untilSignal(): { promise: Promise<void>; signal: AbortSignal } {
  const controller = new AbortController();
  const promise = new Promise<void>((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(name, () => {
        controller.abort();
        resolve();
      });
    }
  });
  return { promise, signal: controller.signal };
}

function greet(server: RunningServer, dataFolder: string): void {
  const lines = [`Yuepian 阅片宝 ${readVersion()}`, `  ${server.url}`];
  if (server.setupUrl) {
    lines.push(
      '  设置管理员密码（一次有效，24 小时内） · set the administrator’s password (once, within 24 h):',
      `  ${server.setupUrl}`,
    );
  }
  lines.push(`  数据 · data: ${dataFolder}`, '  停止 · stop: Ctrl+C');
  console.log(lines.join('\n'));
}

/** The sentence for what commonly keeps a server from starting. */
function whyNot(error: unknown, host: string, port: number): string | undefined {
  if (error instanceof DataFolderBusy) {
    const who = error.note ? ` (process ${error.note.pid}, ${error.note.url})` : '';
    return `Another Yuepian server${who} already works on this data folder; stop it first, or choose another folder with YUEPIAN_DATA.`;
  }
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE') {
    return `Port ${port} on ${host} is used by another program; stop that one, or choose another port with YUEPIAN_PORT.`;
  }
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    return `This machine has no address "${host}"; set YUEPIAN_HOST to 127.0.0.1, 0.0.0.0 or one of its own.`;
  }
  if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM') {
    return `It may not be done by this user: ${error instanceof Error ? error.message : ''}.`;
  }
  return undefined;
}

const stackOf = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);
