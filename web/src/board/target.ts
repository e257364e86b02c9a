import { studyInstanceUid } from '@yuepian/contract';

/** Where a board goes once somebody has signed in: the study its address names, else the library. */
export function boardTarget(search: string): string {
  const uid = studyInstanceUid.safeParse(new URLSearchParams(search).get('study')).data;
  return uid === undefined ? '/' : `/studies/${uid}`;
}
