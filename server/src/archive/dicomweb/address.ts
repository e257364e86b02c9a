import type { FastifyRequest } from 'fastify';

/** Where clients find things; follows the address they used to reach us. */
export const baseUrl = (request: FastifyRequest): string =>
  `${request.protocol}://${request.host}/dicom-web`;

export const studyUrl = (base: string, study: string): string => `${base}/studies/${study}`;
export const seriesUrl = (base: string, study: string, series: string): string =>
  `${base}/studies/${study}/series/${series}`;
export const instanceUrl = (base: string, study: string, series: string, sop: string): string =>
  `${base}/studies/${study}/series/${series}/instances/${sop}`;
