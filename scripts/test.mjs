/**
 * `npm test`: installs what it needs, then lint, types, web build, unit, integration and browser
 * tests. Closes with one plain line: N passed, N failed, N skipped. Plain JavaScript, because on a
 * fresh machine it runs before anything is installed.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureInstalled, root, runtime } from '../bin/install.mjs';
import { ensureChromium } from './chromium.mjs';

const only = process.argv.slice(2);
const totals = { passed: 0, failed: 0, skipped: 0 };
const bin = (name) => join(root, 'node_modules', '.bin', name);
const reports = mkdtempSync(join(tmpdir(), 'yuepian-test-'));

function check(name, command, args, env = {}) {
  console.log(`\n── ${name}`);
  const started = Date.now();
  const { status } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
  console.log(
    `── ${name}: ${status === 0 ? 'ok' : 'FAILED'} in ${((Date.now() - started) / 1000).toFixed(1)} s`,
  );
  return status === 0;
}

function count(ok) {
  totals[ok ? 'passed' : 'failed']++;
  return ok;
}

function vitest(project, env) {
  const report = join(reports, `${project}.json`);
  const ok = check(
    `${project} tests`,
    runtime(),
    [
      join(root, 'node_modules/vitest/vitest.mjs'),
      'run',
      '--project',
      project,
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
    ],
    env,
  );
  try {
    const result = JSON.parse(readFileSync(report, 'utf8'));
    totals.passed += result.numPassedTests;
    totals.failed += result.numFailedTests;
    totals.skipped += result.numPendingTests + (result.numTodoTests ?? 0);
    // A file that cannot even be loaded has no failed test of its own.
    if (!ok && result.numFailedTests === 0) totals.failed++;
  } catch {
    totals.failed++;
  }
}

const wanted = (step) => only.length === 0 || only.includes(step);

ensureInstalled();
if (wanted('lint')) {
  count(check('lint', bin('biome'), ['check', '.']));
  count(check('house rules', runtime(), ['scripts/lint-house.ts']));
}
if (wanted('types')) count(check('types', bin('tsc'), ['-p', 'tsconfig.json']));
if (wanted('unit')) vitest('unit');
if (wanted('e2e')) {
  let chromium;
  try {
    chromium = ensureChromium();
  } catch (error) {
    console.error(error.message);
    count(false);
  }
  if (
    chromium &&
    count(
      check('web build', runtime(), [
        join(root, 'node_modules/vite/bin/vite.js'),
        'build',
        'web',
        '--logLevel',
        'warn',
      ]),
    )
  ) {
    vitest('e2e', { YUEPIAN_CHROMIUM: chromium });
  }
}
rmSync(reports, { recursive: true, force: true });
console.log(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
process.exitCode = totals.failed > 0 ? 1 : 0;
