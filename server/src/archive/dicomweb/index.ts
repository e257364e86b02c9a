import type { FastifyInstance } from 'fastify';
import type { ArchiveParts } from '../archive.ts';
import type { DecodePool } from '../pixels/index.ts';
import { queryRoutes } from './qido.ts';
import { storeRoutes } from './stow.ts';
import { retrieveRoutes } from './wado.ts';

/** DICOMweb Studies service (PS3.18 §10); mounted under its prefix. */
export function dicomWebRoutes(app: FastifyInstance, parts: ArchiveParts, pool: DecodePool): void {
  storeRoutes(app, parts);
  queryRoutes(app, parts);
  retrieveRoutes(app, parts, pool);
}
