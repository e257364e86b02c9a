/**
 * `npm test`: installs what it needs, then lint, types, web build, unit, integration and browser
 * tests. Closes with one plain line: N passed, N failed, N skipped. Plain JavaScript, because on a
 * fresh machine it runs before anything is installed.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { ensureInstalled, root, runtime } from '../bin/install.mjs';
import { ensureChromium } from './chromium.mjs';

const only = process.argv.slice(2);
const totals = { passed: 0, failed: 0, skipped: 0 };
const named = { failed: [], again: [] };
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

function count(name, ok) {
  totals[ok ? 'passed' : 'failed']++;
  if (!ok) named.failed.push(name);
  return ok;
}

/** A check that counts as one test. */
const step = (name, command, args) => count(name, check(name, command, args));

/** Runs the test files of a project that are named, or all; its report, or undefined when it has none. */
function run(name, project, env, files = []) {
  const report = join(reports, `${name.replaceAll(' ', '-')}.json`);
  check(
    name,
    runtime(),
    [
      join(root, 'node_modules/vitest/vitest.mjs'),
      'run',
      '--project',
      project,
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
      ...files,
    ],
    env,
  );
  try {
    return JSON.parse(readFileSync(report, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Every test as "file > test" with whether it passed; a file that has none stands alone. */
function outcomes(result) {
  const found = new Map();
  for (const { name, status, assertionResults } of result.testResults) {
    const file = relative(root, name);
    const failed = assertionResults.some((test) => test.status === 'failed');
    // A file that cannot be loaded, or whose hook failed, says so for itself alone.
    if (!failed) found.set(file, { file, passed: status !== 'failed' });
    for (const test of assertionResults) {
      if (test.status === 'passed' || test.status === 'failed')
        found.set(`${file} > ${test.fullName}`, { file, passed: test.status === 'passed' });
    }
  }
  return found;
}

/**
 * Runs a project's tests. Files in which something failed are run once more with nothing beside
 * them: on a machine that others load, an event can outlast every limit. What did not pass then
 * counts as failed; what passed only then is named at the end, because it is a race that wants
 * looking at.
 */
function vitest(project, env) {
  const result = run(`${project} tests`, project, env);
  if (!result) {
    count(`${project} tests: no report`, false);
    return;
  }
  totals.passed += result.numPassedTests;
  totals.skipped += result.numPendingTests + (result.numTodoTests ?? 0);
  const first = [...outcomes(result)].filter(([, { passed }]) => !passed);
  if (first.length === 0) {
    if (!result.success) count(`${project} tests: an error outside any test`, false);
    return;
  }
  const files = [...new Set(first.map(([, { file }]) => file))];
  const again = run(`${project} tests once more`, project, env, [...files, '--maxWorkers=1']);
  const second = again ? outcomes(again) : new Map();
  for (const [title] of first) {
    const passed = second.get(title)?.passed === true;
    count(title, passed);
    if (passed) named.again.push(title);
  }
  const known = new Set(first.map(([title]) => title));
  for (const [title, { passed }] of second) {
    if (!passed && !known.has(title)) count(title, false);
  }
}

const wanted = (step) => only.length === 0 || only.includes(step);

ensureInstalled();
if (wanted('lint')) {
  step('lint', bin('biome'), ['check', '.']);
  step('house rules', runtime(), ['scripts/lint-house.ts']);
}
if (wanted('types')) step('types', bin('tsc'), ['-p', 'tsconfig.json']);
if (wanted('unit')) vitest('unit');
if (wanted('e2e')) {
  let chromium;
  try {
    chromium = ensureChromium();
  } catch (error) {
    console.error(error.message);
    count('Chromium', false);
  }
  if (
    chromium &&
    step('web build', runtime(), [
      join(root, 'node_modules/vite/bin/vite.js'),
      'build',
      'web',
      '--logLevel',
      'warn',
    ])
  ) {
    vitest('e2e', { YUEPIAN_CHROMIUM: chromium });
  }
}
rmSync(reports, { recursive: true, force: true });
for (const name of named.again) console.log(`passed only when run again, alone: ${name}`);
for (const name of named.failed) console.log(`FAILED: ${name}`);
console.log(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
process.exitCode = totals.failed > 0 ? 1 : 0;
