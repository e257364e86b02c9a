import { type CaseEntry, type CaseId, caseId } from '@yuepian/contract';

/** Address of a case; the first one of a study is the study's own. */
export const caseAddress = ({ id, studyInstanceUid, derivedFrom }: CaseEntry): string =>
  `/studies/${studyInstanceUid}${derivedFrom ? `?case=${id}` : ''}`;

/** The case an address names; undefined for the study's own. */
export const caseOfAddress = (search: string): CaseId | undefined =>
  caseId.safeParse(new URLSearchParams(search).get('case')).data;
