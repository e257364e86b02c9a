import { expect, test } from 'vitest';
import { cutFrom, joined, sourceText } from './source.ts';

test.each([
  [joined, '手工合并', 'joined by hand'],
  [
    cutFrom({ zh: '第 4 腰椎 (L4)', en: 'L4 vertebra' }),
    '由“第 4 腰椎 (L4)”切出',
    'cut from L4 vertebra',
  ],
  // As it was written before names of both languages were.
  ['cut from L4 vertebra', '由“L4 vertebra”切出', 'cut from L4 vertebra'],
  ['drawn', '手工勾画', 'drawn by hand'],
  ['box segmentation', '框选分割', 'box segmentation'],
  ['classical 1', '阈值与形态规则 1', 'threshold and shape rules 1'],
  [
    'classical 1, bones of bone',
    '阈值与形态规则 1，单骨分割',
    'threshold and shape rules 1, single bones',
  ],
  ['model20chan3cls 1.0', 'model20chan3cls 1.0', 'model20chan3cls 1.0'],
])('%s', (source, zh, en) => {
  expect(sourceText(source, 'zh')).toBe(zh);
  expect(sourceText(source, 'en')).toBe(en);
});
