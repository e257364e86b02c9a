import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { inflateRawSync } from 'node:zlib';
import { type Dataset, readDataset } from '../src/index.ts';

/** Folder of real images, see CONTRIBUTING; tests that need it skip where it is absent. */
const root =
  process.env.YUEPIAN_TEST_DATA ?? resolve(import.meta.dirname, '../../../../shared/data');
export const dataAvailable = existsSync(join(root, 'dicom_cases'));
export const dataPath = (...parts: string[]): string => join(root, ...parts);

export const inflateRaw = (bytes: Uint8Array): Uint8Array =>
  inflateRawSync(bytes, { maxOutputLength: 2 ** 28 });

export const readFile = (path: string): Dataset => readDataset(readFileSync(path), { inflateRaw });

/** All files under a folder, sorted. */
export function filesUnder(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .sort()
    .flatMap((name) => filesUnder(join(path, name)));
}

/** A tar.gz of the data folder unpacked for the time of a test file. */
export function unpack(...archive: string[]): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), 'yuepian-dicom-'));
  execFileSync('tar', ['xzf', dataPath(...archive), '-C', path]);
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}
