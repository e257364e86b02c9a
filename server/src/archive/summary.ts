import { personName, type StudyInstanceUid, type StudySummary } from '@yuepian/contract';
import type { StudyRow } from './schema.store.ts';

const nobody = { alphabetic: '', ideographic: '', phonetic: '' };

/** A row of the index as the contract shows a study. */
export function toSummary(row: StudyRow): StudySummary {
  return {
    studyInstanceUid: row.study_uid as StudyInstanceUid,
    patient: {
      id: row.patient_id,
      name: personName.safeParse(JSON.parse(row.patient_name)).data ?? nobody,
      sex: row.patient_sex,
      birthDate: row.patient_birth_date,
      age: row.patient_age,
    },
    date: row.study_date,
    time: row.study_time,
    description: row.description,
    accessionNumber: row.accession_number,
    modalities: row.modalities.split('|').filter((m) => m !== ''),
    seriesCount: row.series_count - row.own_series,
    instanceCount: row.instance_count - row.own_instances,
    receivedAt: row.received_at,
    demo: row.demo === 1,
  };
}
