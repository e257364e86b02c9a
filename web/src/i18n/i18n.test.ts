import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSync } from 'vite';
import { describe, expect, it } from 'vitest';
import {
  formatAge,
  formatDate,
  formatMl,
  formatMm,
  formatName,
  formatPerson,
  formatSex,
  formatUnit,
  formatUser,
  formatValue,
} from './format.ts';
import { dictionaries, preferredLanguage } from './language.ts';

/** Every word of a dictionary by its path; a sentence with parts is filled with samples. */
function words(node: unknown, path = ''): [string, string][] {
  if (typeof node === 'string') return [[path, node]];
  if (typeof node === 'function') {
    const samples = path.endsWith('.age') ? [58, 'Y'] : [3, 7, 2, 1];
    return [[path, String(node(...samples))]];
  }
  return Object.entries(node as object).flatMap(([key, value]) => words(value, `${path}.${key}`));
}

it('names the first administrator in the reader’s language, everybody else by their own name', () => {
  const admin = { name: 'admin', displayName: 'admin' };
  expect(formatUser(admin, 'zh')).toBe('管理员');
  expect(formatUser(admin, 'en')).toBe(dictionaries.en.identity.roles.admin);
  expect(formatUser({ name: 'admin', displayName: '周主任' }, 'en')).toBe('周主任');
  expect(formatUser({ name: 'li', displayName: '' }, 'en')).toBe('li');
  expect(formatPerson('admin', 'zh')).toBe('管理员');
  expect(formatPerson('李医生', 'en')).toBe('李医生');
});

describe('the two languages', () => {
  const zh = words(dictionaries.zh);
  const en = words(dictionaries.en);

  it('say the same things', () => {
    expect(en.map(([path]) => path).sort()).toEqual(zh.map(([path]) => path).sort());
  });

  it('leave nothing empty or unfilled', () => {
    const bad = [...zh, ...en].filter(
      ([, word]) => word.trim() === '' || /undefined|null|NaN|\[object/.test(word),
    );
    expect(bad).toEqual([]);
  });

  it('are each in their own writing', () => {
    const foreign = en.filter(([path, w]) => /\p{Script=Han}/u.test(w) && !/otherLang/.test(path));
    expect(foreign).toEqual([]);
    const unlike = zh.filter(
      ([path, w]) => /[A-Za-z]{4,}/.test(w) && !/otherLang|keys|Wheel|licence|Webgl/i.test(path),
    );
    // Names that Chinese wards use as they are.
    expect(unlike.filter(([, w]) => !/DICOM|admin|Apache|Cobb/.test(w))).toEqual([]);
  });
});

it('prefers what was chosen, then the browser, then Chinese', () => {
  expect(preferredLanguage('en', ['zh-CN'])).toBe('en');
  expect(preferredLanguage(undefined, ['fr-FR', 'en-GB', 'zh'])).toBe('en');
  expect(preferredLanguage('tlh', ['zh-TW'])).toBe('zh');
  expect(preferredLanguage(undefined, ['fr'])).toBe('zh');
});

interface Node {
  readonly type: string;
  readonly [key: string]: unknown;
}
const isNode = (v: unknown): v is Node =>
  typeof v === 'object' && v !== null && typeof (v as { type?: unknown }).type === 'string';

/** Attributes a person reads or hears. */
const spokenAttributes = new Set(['aria-label', 'title', 'alt', 'placeholder', 'label', 'hint']);

/** Words written straight into JSX instead of into the dictionaries. */
export function literalWords(fileName: string, source: string): string[] {
  const found: string[] = [];
  const isWord = (s: unknown): s is string => typeof s === 'string' && /\p{L}{2,}/u.test(s);
  const visit = (node: Node): void => {
    if (node.type === 'JSXText' && isWord(node.value)) found.push(node.value.trim());
    if (node.type === 'JSXAttribute' && isNode(node.name) && isNode(node.value)) {
      const text = node.value.value;
      if (spokenAttributes.has(String(node.name.name)) && isWord(text)) found.push(text);
    }
    for (const child of Object.values(node)) {
      if (isNode(child)) visit(child);
      else if (Array.isArray(child)) for (const c of child) if (isNode(c)) visit(c);
    }
  };
  visit(parseSync(fileName, source).program as unknown as Node);
  return found;
}

describe('no word is written past the dictionaries', () => {
  const root = join(import.meta.dirname, '..');
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((f) =>
    f.endsWith('.tsx'),
  );

  it('finds what it looks for', () => {
    const found = literalWords('a.tsx', '<p title="Save it">Hello {name} 你好<b alt="">·</b></p>');
    expect(found).toEqual(['Save it', 'Hello', '你好']);
  });

  it.each(files)('%s', (file) => {
    expect(literalWords(file, readFileSync(join(root, file), 'utf8'))).toEqual([]);
  });
});

describe('what is said about a patient', () => {
  const name = (alphabetic: string, ideographic = '', phonetic = '') => ({
    alphabetic,
    ideographic,
    phonetic,
  });

  it('puts the reader’s writing first', () => {
    const wang = name('Wang^XiaoMing', '王^小明');
    expect(formatName(wang, 'zh')).toEqual({ main: '王小明', other: 'XiaoMing Wang' });
    expect(formatName(wang, 'en')).toEqual({ main: 'XiaoMing Wang', other: '王小明' });
    expect(formatName(name('王^小明'), 'en')).toEqual({ main: '王小明', other: '' });
    expect(formatName(name('Adams^John Robert Quincy^^Rev.^B.A. M.Div.'), 'en').main).toBe(
      'Rev. John Robert Quincy Adams B.A. M.Div.',
    );
    expect(formatName(name('ANON'), 'zh')).toEqual({ main: 'ANON', other: '' });
    expect(formatName(name(''), 'zh').main).toBe('');
  });

  it('reads ages and sexes, and keeps quiet about nonsense', () => {
    const patient = { id: '1', name: name(''), sex: 'M', birthDate: '19680305', age: '' };
    expect(formatAge({ ...patient, age: '058Y' }, '', 'zh')).toBe('58 岁');
    expect(formatAge({ ...patient, age: '003M' }, '', 'en')).toBe('3 months');
    expect(formatAge(patient, '20261120', 'zh')).toBe('58 岁');
    expect(formatAge(patient, '20260304', 'zh')).toBe('57 岁');
    expect(formatAge({ ...patient, birthDate: '20260910' }, '20261120', 'zh')).toBe('2 个月');
    expect(formatAge({ ...patient, birthDate: 'x' }, '20261120', 'zh')).toBe('');
    expect(formatSex('f ', 'zh')).toBe('女');
    expect(formatSex('?', 'zh')).toBe('');
  });

  it('writes dates and numbers as a ward does', () => {
    expect(formatDate('20261120')).toBe('2026-11-20');
    expect(formatDate('2026')).toBe('');
    expect(formatDate('20261340')).toBe('');
    expect([formatMl(1239.6), formatMl(182.4), formatMl(7.24), formatMl(0.423)]).toEqual([
      '1,240',
      '182',
      '7.2',
      '0.42',
    ]);
    expect(['BQML', 'GML', 'SUVBW', 'HU', ''].map(formatUnit)).toEqual([
      'Bq/mL',
      'g/mL (SUV)',
      'g/mL (SUVbw)',
      'HU',
      '',
    ]);
    expect([formatMm(-0.04), formatMm(-12.44), formatMm(5)]).toEqual(['0.0', '−12.4', '5.0']);
    expect([formatValue(-1024), formatValue(0.4567), formatValue(-0.001)]).toEqual([
      '−1024',
      '0.46',
      '0',
    ]);
  });
});
