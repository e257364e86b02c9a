import { expect, it } from 'vitest';
import { boardTarget } from './target.ts';

it('a board goes to the study its address names, and nowhere else', () => {
  expect(boardTarget('?board=75&study=1.2.840.1')).toBe('/studies/1.2.840.1');
  expect(boardTarget('board=75')).toBe('/');
  expect(boardTarget('?study=..%2F..%2Fsetup')).toBe('/');
  expect(boardTarget('?study=//evil.example')).toBe('/');
});
