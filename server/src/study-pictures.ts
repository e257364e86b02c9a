import type { StudyInstanceUid, StudyList } from '@yuepian/contract';
import type { FastifyInstance } from 'fastify';

/**
 * Puts the picture of each study into the study list. The list is the archive's and the pictures
 * are derived elsewhere, so this is done where both rooms are known. Call before the routes are
 * registered.
 */
export function addStudyPictures(
  app: FastifyInstance,
  urls: (uids: readonly StudyInstanceUid[]) => Promise<Map<string, string>>,
): void {
  app.addHook<StudyList | unknown>('preSerialization', async (request, _reply, payload) => {
    if (request.routeOptions.url !== '/api/studies' || !isStudyList(payload)) return payload;
    const known = await urls(payload.studies.map((study) => study.studyInstanceUid));
    const studies = payload.studies.map((study) => {
      const thumbnailUrl = known.get(study.studyInstanceUid);
      return thumbnailUrl === undefined ? study : { ...study, thumbnailUrl };
    });
    return { ...payload, studies };
  });
}

const isStudyList = (payload: unknown): payload is StudyList =>
  typeof payload === 'object' &&
  payload !== null &&
  'studies' in payload &&
  Array.isArray(payload.studies);
