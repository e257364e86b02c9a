import type { Job, StudySummary } from '@yuepian/contract';
import { Image, Trash2 } from 'lucide-react';
import { memo } from 'react';
import { Link } from 'wouter';
import {
  formatAge,
  formatDate,
  formatName,
  formatSex,
  useLanguage,
  useText,
} from '../i18n/index.ts';
import { classes, IconButton, Progress } from '../ui/index.ts';
import styles from './Library.module.css';

export interface StudyRowProps {
  readonly study: StudySummary;
  readonly job: Job | undefined;
  readonly mayDelete: boolean;
  readonly onDelete: (study: StudySummary) => void;
}

export const StudyRow = memo(function StudyRow({ study, job, mayDelete, onDelete }: StudyRowProps) {
  const t = useText();
  const language = useLanguage();
  const name = formatName(study.patient.name, language);
  const facts = [
    formatSex(study.patient.sex, language),
    formatAge(study.patient, study.date, language),
    study.patient.id,
  ].filter((x) => x !== '');
  const shownName = name.main || study.patient.id || t.library.noName;
  return (
    <li className={styles.row} data-testid={`study-${study.studyInstanceUid}`}>
      <div className={styles.thumb}>
        {study.thumbnailUrl ? (
          <img src={study.thumbnailUrl} alt="" loading="lazy" decoding="async" />
        ) : (
          <Image aria-hidden="true" />
        )}
      </div>
      <div className={classes(styles.cell, styles.nameCell)}>
        <h2 className={styles.name}>
          <Link href={`/studies/${study.studyInstanceUid}`}>
            <bdi>{shownName}</bdi>
          </Link>
        </h2>
        <p className={styles.other}>
          {[name.other, ...facts]
            .filter((x) => x !== '')
            .map((fact) => (
              <bdi key={fact} className={styles.fact}>
                {fact}
              </bdi>
            ))}
        </p>
      </div>
      <div className={classes(styles.cell, styles.studyCell)}>
        <p className={styles.description}>
          <span className={styles.chips}>
            {study.modalities.map((m) => (
              <span key={m} className={styles.chip}>
                {m}
              </span>
            ))}
            {study.demo && (
              <span className={classes(styles.chip, styles.demo)}>{t.library.demo}</span>
            )}
          </span>
          <bdi>{study.description || t.library.noDescription}</bdi>
        </p>
      </div>
      <div className={classes(styles.cell, styles.dateCell)}>
        {formatDate(study.date) || <span className={styles.quiet}>{t.library.noDate}</span>}
      </div>
      <div className={classes(styles.cell, styles.contentCell, styles.quiet)}>
        <span className={styles.fact}>{t.library.series(study.seriesCount)}</span>
        <br />
        <span className={styles.fact}>{t.library.images(study.instanceCount)}</span>
      </div>
      <div className={classes(styles.cell, styles.stateCell)}>
        <JobState job={job} />
      </div>
      {mayDelete ? (
        <IconButton
          className={classes(styles.delete)}
          label={`${t.library.deleteStudy}: ${shownName}`}
          icon={<Trash2 />}
          onClick={() => onDelete(study)}
        />
      ) : (
        <span />
      )}
    </li>
  );
});

function JobState({ job }: { readonly job: Job | undefined }) {
  const t = useText();
  if (!job || job.state === 'done' || job.state === 'cancelled') return null;
  const word =
    job.state === 'queued'
      ? t.library.state.queued
      : job.state === 'failed'
        ? t.library.state.failed
        : job.kind === 'volume'
          ? t.library.state.preparing
          : t.library.state.reconstructing;
  return (
    <div className={classes(styles.state, job.state === 'failed' && styles.trouble)}>
      <span>
        {word}
        {job.state === 'running' && ` ${Math.round(job.progress * 100)}%`}
      </span>
      {job.state !== 'failed' && (
        <Progress label={word} value={job.state === 'running' ? job.progress : undefined} />
      )}
    </div>
  );
}
