import { findingOfKey, type Job, type Structure, type StructureSetDetail } from '@yuepian/contract';
import { Bone, LocateFixed, Search } from 'lucide-react';
import { errorSentence, formatDuration, formatMl, useLanguage, useText } from '../i18n/index.ts';
import { Button, IconButton, Progress } from '../ui/index.ts';
import styles from './Findings.module.css';
import { plainKeyOf } from './parts/parts.ts';

export interface FindingsProps {
  readonly structure: Structure;
  /** The newest run on this structure. */
  readonly job: Job | undefined;
  /** What was made from this structure before. */
  readonly found: StructureSetDetail | undefined;
  readonly mayRun: boolean;
  /** HU are needed for stones. */
  readonly isCt: boolean;
  readonly onFind: () => void;
  readonly onCancel: (jobId: string) => void;
  readonly onGoTo: (structure: Structure) => void;
}

/** What can be made from a structure: single bones of bone, stones in a confirmed kidney. */
export function Findings(props: FindingsProps) {
  const { structure: s, job, found, mayRun, isCt } = props;
  const t = useText();
  const language = useLanguage();
  const finding = findingOfKey(plainKeyOf(s.key)) ?? findingOfKey(s.key);
  if (!finding || s.preview || (finding === 'stones' && !isCt)) return null;
  const isRunning = job?.state === 'queued' || job?.state === 'running';
  const isBarred = finding === 'stones' && !s.verified;
  return (
    <div className={styles.findings} data-testid={`findings-${s.key}`}>
      {isRunning && job && (
        <div className={styles.running} data-testid="finding-running">
          <span>
            {job.state === 'queued'
              ? t.findings.queued
              : `${job.model?.title[language] ?? ''} ${Math.round(job.progress * 100)}%`}
            {job.remainingSeconds !== undefined &&
              ` · ${t.structures.remaining(formatDuration(job.remainingSeconds, language))}`}
          </span>
          <Progress
            label={job.model?.title[language] ?? ''}
            value={job.state === 'running' ? job.progress : undefined}
          />
          {mayRun && (
            <Button small data-testid="cancel-finding" onClick={() => props.onCancel(job.id)}>
              {t.networks.cancel}
            </Button>
          )}
        </div>
      )}
      {!isRunning && mayRun && (
        <Button
          small
          icon={finding === 'bones' ? <Bone /> : <Search />}
          disabled={isBarred}
          data-testid={`find-${s.key}`}
          onClick={props.onFind}
        >
          {found ? t.findings.again[finding] : t.findings.begin[finding]}
        </Button>
      )}
      {isBarred && <p className={styles.quiet}>{t.findings.confirmFirst}</p>}
      {job?.state === 'cancelled' && <p className={styles.quiet}>{t.findings.cancelled}</p>}
      {job?.state === 'failed' && job.error && (
        <p className={styles.trouble} role="alert">
          {errorSentence(job.error.code, job.error.details)}
        </p>
      )}
      {found && !isRunning && finding === 'stones' && (
        <>
          {found.ofContent !== undefined && found.ofContent !== s.content && (
            <p className={styles.trouble} role="status" data-testid="finding-older">
              {t.findings.older}
            </p>
          )}
          <Stones found={found} onGoTo={props.onGoTo} />
        </>
      )}
    </div>
  );
}

/** The stones of a kidney, largest first. */
function Stones({
  found,
  onGoTo,
}: Pick<FindingsProps, 'onGoTo'> & { readonly found: StructureSetDetail }) {
  const t = useText();
  const language = useLanguage();
  const notes = found.notes.map((n) => n[language]).join(' ');
  if (found.structures.length === 0)
    return (
      <>
        <p data-testid="no-stones">{t.findings.noStones}</p>
        <p className={styles.quiet}>{notes}</p>
      </>
    );
  return (
    <>
      <ol className={styles.stones} data-testid="stones">
        {found.structures.map((s) => (
          <li key={s.id} data-testid="stone">
            <span>
              <strong>{s.name[language]}</strong>
              <span className={styles.quiet}>
                <StoneFacts structure={s} />
              </span>
            </span>
            <IconButton
              label={t.structures.goTo(s.name[language])}
              icon={<LocateFixed />}
              data-testid="goto-stone"
              onClick={() => onGoTo(s)}
            />
          </li>
        ))}
      </ol>
      <p className={styles.quiet}>{notes}</p>
    </>
  );
}

/** Place, greatest diameter, volume and density of a stone. */
export function StoneFacts({ structure: s }: { readonly structure: Structure }) {
  const t = useText();
  if (!s.stone) return null;
  const { third, longestMm, meanHu, maxHu } = s.stone;
  return (
    <>
      {[
        t.findings.thirds[third],
        t.plan.mm(longestMm),
        t.structures.ml(formatMl(s.volumeMl)),
        t.findings.density(Math.round(meanHu), Math.round(maxHu)),
      ].join(' · ')}
    </>
  );
}
