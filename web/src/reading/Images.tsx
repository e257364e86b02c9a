import { warningText, YuepianError } from '@yuepian/contract';
import { sentenceOf } from '../api/index.ts';
import { useLanguage, useText } from '../i18n/index.ts';
import { Progress } from '../ui/index.ts';
import { Center } from './Center.tsx';
import { FramesView } from './FramesView.tsx';
import styles from './ReadingRoom.module.css';
import { useRoomState } from './room-context.ts';
import type { OpenStudy } from './study.ts';
import { ViewGrid } from './ViewGrid.tsx';

/** The images, or why there are none. */
export function Images({
  open,
  isPhone,
  isBare,
}: {
  readonly open: OpenStudy;
  readonly isPhone: boolean;
  readonly isBare: boolean;
}) {
  const t = useText();
  const language = useLanguage();
  const kind = useRoomState((s) => s.shown?.kind);
  if (kind === 'frames') return <FramesView isPhone={isPhone} isBare={isBare} />;
  if (kind === 'volume') return <ViewGrid isPhone={isPhone} />;
  const series = open.study?.series ?? [];
  const preparing = series.filter((s) => s.kind === 'preparing');
  if (preparing.length > 0) {
    const job = preparing.map((s) => open.jobs.get(s.seriesInstanceUid)).find((j) => j);
    const isStopped = job?.state === 'failed' || job?.state === 'cancelled';
    return (
      <Center>
        <h2>{isStopped ? t.series.undisplayable : t.series.preparing}</h2>
        {!isStopped && <p>{t.series.preparingText}</p>}
        {isStopped && job.error && (
          <p>{sentenceOf(new YuepianError(job.error.code, job.error.details))}</p>
        )}
        {!isStopped && (
          <div className={styles.centerBar}>
            <Progress
              label={t.series.preparing}
              value={job?.state === 'running' ? job.progress : undefined}
            />
          </div>
        )}
      </Center>
    );
  }
  const reasons = new Set(series.flatMap((s) => s.warnings.map((w) => warningText(w, language))));
  return (
    <Center>
      <h2>{t.series.none}</h2>
      {reasons.size === 0 && <p>{t.series.noneText}</p>}
      {[...reasons].map((reason) => (
        <p key={reason} data-testid="warning">
          {reason}
        </p>
      ))}
    </Center>
  );
}
