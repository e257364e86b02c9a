import { expect, test } from 'vitest';
import { findingJobId, findingOfJob, findingOfKey } from './finding.ts';
import { structureId } from './ids.ts';

test('what can be made from a structure is told by its key', () => {
  const found = ['bone', 'bone_101', 'bone_3', 'kidney_left', 'kidney_right_102', 'skin'].map(
    findingOfKey,
  );
  expect(found).toEqual(['bones', 'bones', undefined, 'stones', 'stones', undefined]);
});

test('a job names its finding and its structure; the id of a network is none', () => {
  const of = structureId.parse('abc-m12-kidney_left');
  expect(findingOfJob(findingJobId('stones', of))).toEqual({ finding: 'stones', of });
  expect([findingOfJob('stones'), findingOfJob('meshnet-1'), findingOfJob(undefined)]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});
