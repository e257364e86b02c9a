/** Writes NOTICE: every package that is installed to run the product, with its licence. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface LockEntry {
  version?: string;
  license?: string;
  dev?: boolean;
  link?: boolean;
}

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
  packages: Record<string, LockEntry>;
};

function licenceOf(path: string, entry: LockEntry): string {
  if (entry.license) return entry.license;
  try {
    const manifest = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8')) as {
      license?: string | { type?: string };
      licenses?: { type?: string }[];
    };
    const licence = typeof manifest.license === 'object' ? manifest.license.type : manifest.license;
    return licence ?? manifest.licenses?.map((l) => l.type).join(' OR ') ?? 'see its folder';
  } catch {
    return 'not installed on this platform';
  }
}

const rows = Object.entries(lock.packages)
  .filter(([path, entry]) => path.includes('node_modules/') && !entry.dev && !entry.link)
  .map(([path, entry]) => {
    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
    return `${name} ${entry.version ?? ''}  ${licenceOf(path, entry)}`;
  });
const unique = [...new Set(rows)].sort((a, b) => a.localeCompare(b));
writeFileSync(
  'NOTICE',
  `Yuepian 阅片宝
Licensed under the Apache License, Version 2.0 (see LICENSE).

It is installed together with these packages, each under its own licence
(written by \`node scripts/notice.ts\`; the full texts lie in node_modules):

${unique.join('\n')}
`,
);
console.log(`NOTICE: ${unique.length} packages`);
