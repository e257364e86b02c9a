import { YuepianError } from '@yuepian/contract';
import { expect, it } from 'vitest';
import { ownError } from './own-error.ts';

it('leaves our own errors alone and gives every other one a code', () => {
  const ours = new YuepianError('not_found', { what: '/x' });
  expect(ownError(ours)).toBe(ours);
  const lost = new Error('the graphics context is lost');
  expect(ownError(lost)).toMatchObject({ code: 'internal', details: { id: lost.message } });
  expect(ownError(lost).cause).toBe(lost);
  expect(ownError('a word').code).toBe('internal');
});
