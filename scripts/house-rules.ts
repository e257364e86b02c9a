/**
 * The import rules of the house, as a pure function over one file: which room it lies in decides
 * what it may touch. TypeScript 7 has no JavaScript API, so tools that need one (dependency-cruiser,
 * eslint-plugin-import) do not run here; specifiers are found by pattern, which is enough because
 * Biome keeps imports in one shape.
 */
import { dirname, join, normalize } from 'node:path/posix';

export interface Problem {
  readonly file: string;
  readonly line: number;
  /** Says what is wrong and what to do instead. */
  readonly message: string;
}

const packageLayers: Record<string, readonly string[]> = {
  contract: [],
  geometry: [],
  dicom: ['geometry', 'contract'],
  reconstruct: ['geometry', 'contract'],
  phantom: ['dicom', 'geometry', 'contract'],
};

const engineOnly = /^(@cornerstonejs\/|@kitware\/vtk\.js)/;
const maximumLines = 450;
const isTest = (file: string): boolean =>
  /\.test\.tsx?$|\/testing(\/|\.ts$)|\/regression\//.test(file);

/** The room of a file: `packages/dicom`, `server/archive`, `web/engine`, … */
function roomOf(file: string): string {
  const parts = file.split('/');
  if (parts[0] === 'packages') return `packages/${parts[1]}`;
  if ((parts[0] === 'server' || parts[0] === 'web') && parts[1] === 'src') {
    return parts.length > 3 ? `${parts[0]}/${parts[2]}` : parts[0];
  }
  return parts[0] ?? '';
}

/** @param file path from the repository's root with forward slashes. */
export function checkFile(file: string, source: string): Problem[] {
  const problems: Problem[] = [];
  const add = (line: number, message: string): void => {
    problems.push({ file, line, message });
  };
  for (const { specifier, line } of importsOf(source)) {
    const message = importProblem(file, specifier);
    if (message) add(line, message);
  }
  const lines = source.split('\n');
  if (lines.length > maximumLines && !isTest(file)) {
    add(
      maximumLines,
      `${lines.length} lines: two ideas in one file; split it by idea (limit ${maximumLines})`,
    );
  }
  lines.forEach((text, n) => {
    if (
      /@ts-(ignore|expect-error|nocheck)|biome-ignore|eslint-disable/.test(text) &&
      !file.startsWith('scripts/')
    ) {
      add(n + 1, 'a rule is switched off here; change the code so that the rule holds');
    }
    if (isTest(file) && /setTimeout\(\s*r(es(olve)?)?\s*,/.test(text)) {
      add(n + 1, 'a sleep makes a test slow or flaky; wait for the event instead');
    }
  });
  return problems;
}

export function importsOf(source: string): { specifier: string; line: number }[] {
  const pattern =
    /(?:^|\n)\s*(?:import|export)\s(?:[^'"`;]*?\sfrom\s*)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/g;
  return [...source.matchAll(pattern)].map((m) => ({
    specifier: m[1] ?? m[2] ?? '',
    line: source.slice(0, (m.index ?? 0) + m[0].length).split('\n').length,
  }));
}

function importProblem(file: string, specifier: string): string | undefined {
  const room = roomOf(file);
  if (engineOnly.test(specifier) && room !== 'web/engine') {
    return `${specifier} belongs to web/src/engine; use the engine's own face instead`;
  }
  if (/^three(\/|$)/.test(specifier) && room !== 'web/story') {
    return 'three belongs to web/src/story; the reading room draws through web/src/engine';
  }
  if (/^(kysely|node:sqlite)(\/|$)/.test(specifier) && !mayTouchSql(file, room)) {
    return 'SQL lives in server/src/storage and in a room’s *.store.ts; add a function there';
  }
  if (room.startsWith('packages/')) return packageProblem(file, room, specifier);
  if (/^@yuepian\/[^/]+\//.test(specifier))
    return 'use the package through its face, @yuepian/<name>';
  if (specifier.startsWith('.')) return doorProblem(file, room, specifier);
  return undefined;
}

const mayTouchSql = (file: string, room: string): boolean =>
  room === 'server/storage' || /\.store\.ts$|(^|\/)migrations\.ts$/.test(file) || isTest(file);

function packageProblem(file: string, room: string, specifier: string): string | undefined {
  const name = room.slice('packages/'.length);
  if (specifier.startsWith('node:') && !isTest(file)) {
    return 'packages run in the browser too: no node:; take what you need as a parameter';
  }
  if (specifier.startsWith('.')) {
    const target = normalize(join(dirname(file), specifier));
    return target.startsWith(`${room}/`)
      ? undefined
      : 'use the other package through @yuepian/<name>';
  }
  const other = /^@yuepian\/(\w+)(\/)?/.exec(specifier);
  if (!other) return undefined;
  if (other[2]) return 'use the package through its face, @yuepian/<name>';
  const allowed = packageLayers[name] ?? [];
  if (!allowed.includes(other[1] ?? '') && !isTest(file)) {
    return `packages/${name} may use ${allowed.join(', ') || 'no other package'}; move the code down or pass it in`;
  }
  return undefined;
}

function doorProblem(file: string, room: string, specifier: string): string | undefined {
  const target = normalize(join(dirname(file), specifier));
  const other = roomOf(target);
  if (target.startsWith('packages/')) return 'use the package through its face, @yuepian/<name>';
  const sameHouse = other.split('/')[0] === room.split('/')[0];
  // A test of a client may start the real server.
  if (!sameHouse && /^(server|web)\//.test(other) && /^(server|web)/.test(room) && !isTest(file)) {
    return 'server and web meet only in packages/contract';
  }
  if (other === room || !other.includes('/') || isTest(file)) return undefined;
  if (/^(e2e|bench|scripts)/.test(room)) return undefined;
  return /\/(index\.tsx?|tokens\.css)$/.test(target)
    ? undefined
    : `${other} is another room: import its index.ts`;
}
