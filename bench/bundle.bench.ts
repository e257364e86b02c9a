import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { print } from './figure.ts';
import { root } from './server.ts';

/** What the sign-in and library pages load, gzipped: everything reachable by static imports from index.html. */
export default async function bundle(): Promise<void> {
  const built = spawnSync(
    process.execPath,
    [join(root, 'node_modules/vite/bin/vite.js'), 'build', 'web', '--logLevel', 'error'],
    { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] },
  );
  if (built.status !== 0) throw new Error('the web build failed');
  const dist = join(root, 'web/dist');
  const page = readFileSync(join(dist, 'index.html'), 'utf8');
  const first = [...page.matchAll(/(?:src|href)="\/?([^"]+\.(?:js|css))"/g)].map((m) => m[1] ?? '');
  const reached = new Set<string>();
  const visit = (file: string): void => {
    if (reached.has(file)) return;
    reached.add(file);
    if (!file.endsWith('.js')) return;
    const source = readFileSync(join(dist, file), 'utf8');
    for (const m of source.matchAll(/(?:from|import)\s*"\.\/([^"]+\.js)"/g))
      visit(join('assets', m[1] ?? ''));
  };
  first.forEach(visit);
  const size = (files: Iterable<string>): number =>
    [...files].reduce((sum, file) => sum + gzipSync(readFileSync(join(dist, file))).length, 0) /
    1024;
  print({
    name: 'bundle.first-pages',
    value: size(reached),
    unit: 'KB gzip',
    n: reached.size,
    note: 'sign-in and library, with styles',
  });
  const all = readdirSync(join(dist, 'assets'))
    .filter((f) => /\.(js|css)$/.test(f))
    .map((f) => join('assets', f));
  print({
    name: 'bundle.everything',
    value: size(all),
    unit: 'KB gzip',
    n: all.length,
    note: 'with the reading room, Cornerstone and workers',
  });
}
