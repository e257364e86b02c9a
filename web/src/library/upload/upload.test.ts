import { type ImportResult, importResult } from '@yuepian/contract';
import { describe, expect, it } from 'vitest';
import { assignResults, batchBytes, batchFiles, fits } from './batch.ts';
import { rowsToShow, shownRows, summarise } from './summary.ts';
import type { Row } from './uploader.ts';
import { isSystemFile, walk } from './walk.ts';

/** A folder tree as a browser hands it over: children in portions, the last one empty. */
interface Tree {
  readonly [name: string]: Tree | string | Error;
}
function entry(name: string, node: Tree | string | Error, parent = ''): FileSystemEntry {
  const fullPath = `${parent}/${name}`;
  if (typeof node === 'string' || node instanceof Error) {
    return {
      isFile: true,
      isDirectory: false,
      name,
      fullPath,
      file: (done: (f: File) => void, failed: (e: Error) => void) =>
        node instanceof Error ? failed(node) : done(new File([node], name)),
    } as unknown as FileSystemEntry;
  }
  return {
    isFile: false,
    isDirectory: true,
    name,
    fullPath,
    createReader: () => {
      const children = Object.entries(node).map(([n, child]) => entry(n, child, fullPath));
      return {
        readEntries: (done: (some: FileSystemEntry[]) => void) => done(children.splice(0, 100)),
      };
    },
  } as unknown as FileSystemEntry;
}

async function paths(...args: Parameters<typeof walk>): Promise<string[]> {
  const found: string[] = [];
  for await (const f of walk(...args)) found.push(f.file ? f.path : `${f.path} (unreadable)`);
  return found;
}

describe('what was dropped', () => {
  it('is walked folder by folder, past the hundred that a reader gives at once', async () => {
    const slices = Object.fromEntries(Array.from({ length: 250 }, (_, n) => [`${n}.dcm`, 'x']));
    const found = await paths([
      entry('study', { DICOMDIR: 'd', ct: { a: slices } }),
      new File(['z'], 'b.zip'),
    ]);
    expect(found).toHaveLength(252);
    expect(found[0]).toBe('study/DICOMDIR');
    expect(found[1]).toBe('study/ct/a/0.dcm');
    expect(found.at(-1)).toBe('b.zip');
  });

  it('names what the browser could not read and goes on', async () => {
    const found = await paths([entry('s', { a: 'x', b: new Error('gone'), c: 'x' })]);
    expect(found).toEqual(['s/a', 's/b (unreadable)', 's/c']);
  });

  it('survives a tree deeper than a call stack', async () => {
    let tree: Tree = { leaf: 'x' };
    for (let n = 0; n < 20_000; n++) tree = { d: tree };
    const found = await paths([entry('r', tree)]);
    expect(found.map((path) => path.slice(-4))).toEqual(['leaf']);
  });

  it('stops when it is told to', async () => {
    const abort = new AbortController();
    abort.abort();
    expect(await paths([entry('s', { a: 'x' })], abort.signal)).toEqual([]);
  });

  it('knows what file managers leave behind', () => {
    const system = ['a/.DS_Store', '__MACOSX/a/1.dcm', 'a/._1.dcm', 'Thumbs.db', 'x/desktop.ini'];
    expect(system.every(isSystemFile)).toBe(true);
    expect(['a/1.dcm', 'DICOMDIR', 'IM0001', 'a/thumbs/1'].some(isSystemFile)).toBe(false);
  });
});

describe('a batch', () => {
  it('is limited by count and size, and takes one file of any size', () => {
    expect(fits(0, 0, batchBytes * 9)).toBe(true);
    expect(fits(1, batchBytes, 1)).toBe(false);
    expect(fits(batchFiles - 1, 0, 1)).toBe(true);
    expect(fits(batchFiles, 0, 1)).toBe(false);
  });

  const result = (file: string): ImportResult => importResult.parse({ file, status: 'stored' });

  const indices = (paths: string[], files: string[]) =>
    assignResults(paths, files.map(result)).map((a) => a.index);

  it('finds the file of each result, in whatever order the server got done', () => {
    expect(indices(['a/1', 'a/2', 'b/1'], ['b/1', 'a/2', 'a/1'])).toEqual([2, 1, 0]);
    expect(
      indices(
        ['x/1.dcm', 'x/s.zip', 'x/3.dcm'],
        ['x/s.zip/a', 'x/3.dcm', 'x/s.zip/d/b', 'x/1.dcm'],
      ),
    ).toEqual([1, 2, 1, 0]);
  });

  it('gives an answer to each of two files of one name, and to a cleaned name', () => {
    expect(indices(['1', '1'], ['1', '1'])).toEqual([0, 1]);
    expect(indices(['a', 'b\u0007', 'c'], ['b_', 'c', 'a'])).toEqual([2, 0, 1]);
  });
});

describe('what the panel says', () => {
  const row = (id: number, status: Row['status'], progress = 0): Row => ({
    id,
    path: `${id}`,
    status,
    progress,
    sentence: '',
  });

  it('counts and adds up progress', () => {
    const rows = [
      row(0, 'stored', 1),
      row(1, 'refused', 1),
      row(2, 'sending', 0.5),
      row(3, 'waiting'),
    ];
    expect(summarise(rows)).toMatchObject({ stored: 1, refused: 1, done: 2, total: 4 });
    expect(summarise(rows).progress).toBeCloseTo(2.45 / 4, 9);
    expect(summarise([]).progress).toBe(0);
  });

  it('shows refusals first and never thousands of lines', () => {
    const rows = Array.from({ length: 2500 }, (_, n) => row(n, n === 2400 ? 'refused' : 'stored'));
    const { shown, hidden } = rowsToShow(rows, false);
    expect(shown).toHaveLength(shownRows);
    expect(shown[0]?.id).toBe(2400);
    expect(hidden).toBe(2500 - shownRows);
    expect(rowsToShow(rows, true).shown.map((r) => r.id)).toEqual([2400]);
  });
});
