import { parseArgs } from 'node:util';
import type { ModelSummary } from '@yuepian/contract';
import { ModelRegistry } from '../reconstruction/index.ts';
import { readSettings } from '../settings.ts';
import { UsageError } from './usage.ts';

/** `models list | add PATH-or-URL | verify ID | remove ID`. Works beside a running server. */
export async function models(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { sha256: { type: 'string' }, id: { type: 'string' } },
  });
  const [action, what, ...rest] = positionals;
  if (rest.length > 0) throw new UsageError(`"${rest[0]}" is one word too many.`);
  const registry = new ModelRegistry(readSettings(process.env).dataFolder);
  if (action === 'list') {
    for (const model of await registry.list()) console.log(lineOf(model));
    return 0;
  }
  if (action !== 'add' && action !== 'verify' && action !== 'remove') {
    throw new UsageError('Say models list, add, verify or remove.');
  }
  if (!what) throw new UsageError(`Say what to ${action}.`);
  if (action === 'remove') {
    await registry.remove(what);
    return 0;
  }
  if (action === 'verify') {
    await registry.verify(what);
    console.log(`${what} passes its checks`);
    return 0;
  }
  const model = await add(registry, what, values);
  // The id alone, for scripts; the rest is for people.
  console.log(model.id);
  console.error(lineOf(model));
  return 0;
}

async function add(
  registry: ModelRegistry,
  what: string,
  { sha256, id }: { sha256?: string | undefined; id?: string | undefined },
): Promise<ModelSummary> {
  const named = id === undefined ? {} : { id };
  if (!/^https?:\/\//i.test(what)) return registry.add(what, named);
  if (!sha256) throw new UsageError('An address needs --sha256 HEX.');
  if (!/^[0-9a-f]{64}$/i.test(sha256)) throw new UsageError('--sha256 is 64 hexadecimal digits.');
  const name = new URL(what).pathname.split('/').at(-1) || 'model.zip';
  return registry.addFrom([{ name, url: what, sha256: sha256.toLowerCase() }], named);
}

const lineOf = (m: ModelSummary): string =>
  `${m.id.padEnd(28)} ${m.modelVersion.padEnd(10)} ${m.engine.padEnd(10)} ${m.licence} · ${m.title.en} (${m.classes.length})`;
