export type { BlobKey, BlobRange, BlobStat, BlobStore, StagedBlob, StageOptions } from './blobs.ts';
export { isBlobKey } from './blobs.ts';
export { FileBlobStore, type FileBlobStoreOptions } from './file-blobs.ts';
export { type Migration, migrate } from './migrate.ts';
export { type Database, openDatabase, tablesOf } from './sqlite.ts';
