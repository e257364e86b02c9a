import type { FastifyInstance } from 'fastify';
import type { Migration } from '../storage/index.ts';
import { editingMigrations } from './editing/index.ts';
import { foreignMigrations } from './foreign/foreign.store.ts';
import { modelRoutes } from './networks/index.ts';
import type { ReconstructionDeps } from './ports.ts';
import { jobMigrations } from './queue/index.ts';
import { Reconstruction } from './reconstruction.ts';
import { reconstructionRoutes } from './routes.ts';
import { seriesMigrations } from './series.store.ts';

export { type FolderReport, reconstructFolder } from './folder.ts';
export { ModelRegistry } from './networks/index.ts';
export type { ArchivePort, ReconstructionDeps } from './ports.ts';

export const reconstructionMigrations: readonly Migration[] = [
  ...jobMigrations,
  ...seriesMigrations,
  ...editingMigrations,
  ...foreignMigrations,
];

/**
 * Volumes, models and the jobs that make them. Main calls `start` once the archive is ready,
 * `seriesArriving`, `seriesSettled` and `studyDeleted` on the archive's events, and `stop` before it closes the
 * database.
 */
export interface ReconstructionRoom
  extends Pick<
    Reconstruction,
    | 'start'
    | 'stop'
    | 'seriesArriving'
    | 'seriesSettled'
    | 'studyDeleted'
    | 'thumbnailUrls'
    | 'openStudy'
  > {
  routes(app: FastifyInstance): Promise<void>;
}

export function createReconstruction(deps: ReconstructionDeps): ReconstructionRoom {
  const room = new Reconstruction(deps);
  return {
    start: () => room.start(),
    stop: () => room.stop(),
    seriesArriving: () => room.seriesArriving(),
    seriesSettled: (uid) => room.seriesSettled(uid),
    studyDeleted: (uid) => room.studyDeleted(uid),
    thumbnailUrls: (uids) => room.thumbnailUrls(uids),
    openStudy: (uid) => room.openStudy(uid),
    routes: async (app) => {
      await reconstructionRoutes(room)(app);
      await app.register(async (scope) => modelRoutes(scope, room.networks, deps));
    },
  };
}
