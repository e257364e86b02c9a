/**
 * `npm run bench [-- NAME…]`: measures and prints one JSON line a figure. Kept out of the tests:
 * a time depends on the machine and on what else it does.
 */
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const folder = dirname(fileURLToPath(import.meta.url));
const all = readdirSync(folder)
  .filter((file) => file.endsWith('.bench.ts'))
  .map((file) => file.slice(0, -'.bench.ts'.length))
  .sort();

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !all.includes(name));
if (unknown.length > 0) {
  console.error(`No bench named ${unknown.join(', ')}; there are: ${all.join(', ')}.`);
  process.exit(2);
}
let failed = 0;
for (const name of wanted.length > 0 ? wanted : all) {
  try {
    const module = (await import(pathToFileURL(join(folder, `${name}.bench.ts`)).href)) as {
      default: () => Promise<void>;
    };
    await module.default();
  } catch (error) {
    failed++;
    console.error(`bench ${name} failed:`, error);
  }
}
process.exit(failed > 0 ? 1 : 0);
