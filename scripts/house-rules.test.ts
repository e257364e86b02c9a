import { describe, expect, it } from 'vitest';
import { checkFile } from './house-rules.ts';

const messages = (file: string, source: string): string[] =>
  checkFile(file, source).map((p) => p.message);

describe('house rules refuse', () => {
  it.each([
    ['web/src/reading/view.ts', "import { cache } from '@cornerstonejs/core';"],
    ['web/src/reading/view.ts', "import * as THREE from 'three';"],
    ['web/src/library/list.ts', "import { x } from '../engine/session.ts';"],
    ['web/src/app/a.ts', "const m = await import('../engine/session.ts');"],
    ['server/src/archive/ingest.ts', "import { sql } from 'kysely';"],
    ['server/src/archive/deep/ingest.ts', "import { x } from '../../identity/sessions.ts';"],
    ['server/src/archive/ingest.ts', "import { x } from '../../../web/src/ui/index.ts';"],
    ['server/src/archive/ingest.ts', "import { x } from '../../../packages/dicom/src/index.ts';"],
    ['packages/dicom/src/read.ts', "import { readFile } from 'node:fs';"],
    ['packages/geometry/src/a.ts', "import { x } from '@yuepian/dicom';"],
    ['packages/phantom/src/a.ts', "import {\n  a,\n  b,\n} from '@yuepian/dicom/src/x.ts';"],
    ['server/src/main.ts', '// @ts-ignore\n'],
    ['web/src/ui/a.ts', `${'x\n'.repeat(500)}`],
    [
      'server/src/archive/x.test.ts',
      ['await new Promise((r) => set', 'Timeout(r, 500));'].join(''),
    ],
  ])('%s: %s', (file, source) => {
    expect(messages(file, source)).toHaveLength(1);
  });
});

describe('house rules allow', () => {
  it.each([
    ['web/src/engine/a.ts', "import { cache } from '@cornerstonejs/core';"],
    [
      'web/src/reading/deep/view.ts',
      "import { x } from '../store.ts';\nimport { y } from '../../engine/index.ts';",
    ],
    ['server/src/archive/study.store.ts', "import { sql } from 'kysely';"],
    ['server/src/main.ts', "import { createArchive } from './archive/index.ts';"],
    [
      'packages/dicom/src/read.test.ts',
      "import { readFile } from 'node:fs';\nimport { ctAbdomen } from '@yuepian/phantom';",
    ],
    [
      'packages/phantom/src/a.ts',
      "import { x } from '@yuepian/dicom';\nimport { y } from './b.ts';",
    ],
  ])('%s: %s', (file, source) => {
    expect(messages(file, source)).toEqual([]);
  });
});
