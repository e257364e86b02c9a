import { describe, expect, it } from 'vitest';
import {
  containsPattern,
  datePattern,
  likePattern,
  nameTokens,
  normalise,
  normaliseName,
  parseRange,
  timePattern,
} from './matching.ts';

describe('normalise', () => {
  it.each([
    ['Ōuyáng', 'ouyang'],
    ['ＷＡＮＧ', 'wang'],
    ['Buc^Jérôme', 'buc^jerome'],
    ['王^小明', '王^小明'],
    ['やまだ^たろう', 'やまだ^たろう'],
    ['김^희중', '김^희중'],
    ['a`b~c', 'a`b~c'],
    ['  two   words ', 'two words'],
  ])('%s → %s', (from, to) => {
    expect(normalise(from)).toBe(to);
  });

  it('drops empty components at the end of a name', () => {
    expect(normaliseName('Wang ^ XiaoMing^^^')).toBe('wang^xiaoming');
  });
});

describe('nameTokens', () => {
  it('has each component and both run together', () => {
    const tokens = nameTokens({
      alphabetic: 'Wang^XiaoMing',
      ideographic: '王^小明',
      phonetic: '',
    });
    expect(tokens.trim().split(' ').sort()).toEqual(
      ['wang', 'xiaoming', 'wangxiaoming', 'xiaomingwang', '王', '小明', '王小明', '小明王'].sort(),
    );
    expect(tokens).toMatch(/^ .* $/);
  });

  it('is empty for nobody', () => {
    expect(nameTokens({ alphabetic: '', ideographic: '', phonetic: '' })).toBe('');
  });
});

describe('patterns', () => {
  it('keep the wild cards of SQL out', () => {
    expect(likePattern('50%_a\\*b?')).toBe('50\\%\\_a\\\\%b_');
    expect(containsPattern('*_')).toBe('%*\\_%');
  });
});

describe('parseRange', () => {
  it.each([
    ['20240101', { from: '20240101', to: '20240101' }],
    ['20240101-20240201', { from: '20240101', to: '20240201' }],
    ['20240101-', { from: '20240101' }],
    ['-20240201', { to: '20240201' }],
    ['-', undefined],
    ['2024', undefined],
    ['1-2-3', undefined],
    ['20240101-tomorrow', undefined],
  ])('%s', (text, range) => {
    expect(parseRange(text, datePattern)).toEqual(range);
  });

  it('takes times of every length', () => {
    for (const time of ['10', '1030', '103015', '103015.123456', '10:30:15']) {
      expect(parseRange(time, timePattern)).toEqual({ from: time, to: time });
    }
    expect(parseRange('1', timePattern)).toBeUndefined();
  });
});
