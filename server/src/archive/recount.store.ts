import { type Kysely, sql } from 'kysely';
import type { ArchiveTables } from './schema.store.ts';

/** Counts and modalities follow from the rows; a study or series left without any goes. */
export async function recount(
  db: Kysely<ArchiveTables>,
  studies: readonly { id: number; arrived: boolean }[],
  series: readonly { id: number }[],
): Promise<void> {
  const now = new Date().toISOString();
  for (const { id } of series) {
    await sql`UPDATE archive_series SET received_at = ${now}, instance_count =
      (SELECT count(*) FROM archive_instance WHERE series_id = ${id}) WHERE id = ${id}`.execute(db);
    await sql`DELETE FROM archive_series WHERE id = ${id} AND instance_count = 0`.execute(db);
  }
  for (const { id, arrived } of studies) {
    await sql`UPDATE archive_study SET
      received_at = CASE WHEN ${arrived ? 1 : 0} THEN ${now} ELSE received_at END,
      own_series = (SELECT count(*) FROM archive_series WHERE study_id = ${id} AND own = 1),
      own_instances = (SELECT coalesce(sum(instance_count), 0) FROM archive_series
        WHERE study_id = ${id} AND own = 1),
      series_count = (SELECT count(*) FROM archive_series WHERE study_id = ${id}),
      instance_count =
        (SELECT coalesce(sum(instance_count), 0) FROM archive_series WHERE study_id = ${id}),
      modalities = '|' || (SELECT coalesce(group_concat(modality, '|'), '') FROM
        (SELECT DISTINCT modality FROM archive_series WHERE study_id = ${id} ORDER BY modality))
        || '|'
      WHERE id = ${id}`.execute(db);
    await sql`DELETE FROM archive_study WHERE id = ${id} AND instance_count = 0`.execute(db);
  }
}
