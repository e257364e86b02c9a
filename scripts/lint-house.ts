/** Lints the house: `node scripts/lint-house.ts`. Exits 1 and says what to do for each problem. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { checkFile } from './house-rules.ts';

const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '*.ts', '*.tsx'], {
  encoding: 'utf8',
})
  .split('\n')
  .filter((f) => f && existsSync(f) && !f.endsWith('.d.ts'));
const problems = files.flatMap((file) => checkFile(file, readFileSync(file, 'utf8')));
for (const p of problems) console.error(`${p.file}:${p.line}  ${p.message}`);
console.log(`house rules: ${files.length} files, ${problems.length} problems`);
process.exitCode = problems.length > 0 ? 1 : 0;
