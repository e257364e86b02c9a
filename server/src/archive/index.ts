export type { ArchiveDeps } from './archive.ts';
export { type Archive, createArchive } from './archive.ts';
export type { ArchiveEventMap } from './events.ts';
export { type ZipItem, zipItems } from './import/zip.ts';
export type { Ingested, IngestOptions } from './ingest.ts';
export type { Place } from './inspect.ts';
export {
  type DecodedFrame,
  type DecodeOptions,
  DecodePool,
  decodeFrame,
  inflateDataset,
  type Palette,
  transferSyntax,
} from './pixels/index.ts';
export { paletteOf } from './read.ts';
export { archiveMigrations } from './schema.store.ts';
export type { ArchivedInstance, ArchivedSeries } from './stored.ts';
