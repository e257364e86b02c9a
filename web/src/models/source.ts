import type { Structure } from '@yuepian/contract';

/** What the server is told that a structure was made of; English, as it stands in files and logs. */
export const joined = 'joined by hand';
export const cutFrom = (name: Structure['name']): string => `cut from ${name.en} / ${name.zh}`;
export const boxed = 'box segmentation';

/**
 * Where a structure comes from, in the reader's language as far as it is known; the rest (networks,
 * other makers) are names and stay.
 */
export function sourceText(source: string, language: 'zh' | 'en'): string {
  const cut = /^cut from (.+?)(?: \/ (.+))?$/.exec(source);
  if (cut) {
    const [, en = '', zh = en] = cut;
    return language === 'zh' ? `由“${zh}”切出` : `cut from ${en}`;
  }
  const finding = /^(classical \d+), (bones|stones) of /.exec(source);
  if (finding) {
    const [, rules = '', what] = finding;
    const own = sourceText(rules, language);
    if (language === 'en') return `${own}, ${what === 'bones' ? 'single bones' : 'stones'}`;
    return `${own}，${what === 'bones' ? '单骨分割' : '结石查找'}`;
  }
  const rules = /^classical (\d+)$/.exec(source)?.[1];
  if (rules !== undefined)
    return language === 'zh' ? `阈值与形态规则 ${rules}` : `threshold and shape rules ${rules}`;
  return known.get(source)?.[language] ?? source;
}

const known: ReadonlyMap<string, { readonly zh: string; readonly en: string }> = new Map([
  [joined, { zh: '手工合并', en: joined }],
  [boxed, { zh: '框选分割', en: boxed }],
  ['drawn', { zh: '手工勾画', en: 'drawn by hand' }],
]);
