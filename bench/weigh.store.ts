import { statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

/** Bytes of a closed database file without the pages that are free for the next rows. Rewrites it. */
export function weighDatabase(file: string): number {
  const sqlite = new DatabaseSync(file);
  sqlite.exec('VACUUM');
  sqlite.close();
  return statSync(file).size;
}
