import { findingOfJob, type Job, type SeriesDetail, type SeriesModels } from '@yuepian/contract';
import { Play } from 'lucide-react';
import { useCallback, useEffect, useRef, useState } from 'react';
import { sentenceOf } from '../api/index.ts';
import { errorSentence, formatDuration, useLanguage, useText } from '../i18n/index.ts';
import { useMay } from '../identity/index.ts';
import { Button, notify, Progress } from '../ui/index.ts';
import { AddNetwork } from './AddNetwork.tsx';
import { cancelJob, modelsFor, runModel } from './api.ts';
import styles from './Networks.module.css';

const addCommand = 'npx yuepian models add …';

/** Networks for this series: those that fit can be run; where none does, what can be done without. */
export function Networks({
  series,
  jobs,
  mayRun,
  onChanged,
}: {
  readonly series: SeriesDetail;
  /** Runs on this series, of networks and of findings. */
  readonly jobs: readonly Job[];
  readonly mayRun: boolean;
  readonly onChanged: () => void;
}) {
  const t = useText();
  const language = useLanguage();
  const [found, setFound] = useState<SeriesModels>();
  const uid = series.seriesInstanceUid;
  const asked = useRef(0);
  const mayAdd = useMay('administer');
  /** Only the newest question is answered; it is asked again after one was added. */
  const ask = useCallback(() => {
    const mine = ++asked.current;
    modelsFor(uid).then(
      (models) => mine === asked.current && setFound(models),
      () => undefined,
    );
  }, [uid]);
  useEffect(() => {
    ask();
    return () => {
      asked.current++;
    };
  }, [ask]);
  const tell = async (doing: Promise<void>) => {
    try {
      await doing;
      onChanged();
    } catch (error) {
      notify(sentenceOf(error), 'trouble');
    }
  };
  if (!found) return null;
  const networks = found.models.filter((m) => m.model.engine !== 'classical');
  const fitting = networks.filter((m) => m.fits);
  const runs = jobs.filter((j) => findingOfJob(j.model?.id) === undefined);
  const own =
    runs.find((j) => j.state === 'running') ??
    runs.find((j) => j.state === 'queued') ??
    runs.at(-1);
  const isRunning = own?.state === 'running' || own?.state === 'queued';
  const title = own?.model?.title[language] ?? t.networks.running;
  return (
    <section className={styles.networks} aria-label={t.networks.title} data-testid="networks">
      <h3>{t.networks.title}</h3>
      {isRunning && own && (
        <div className={styles.running} data-testid="network-running">
          <strong>{title}</strong>
          <span>
            {own.state === 'queued'
              ? t.findings.queued
              : `${t.steps[own.step] ?? t.networks.running} ${Math.round(own.progress * 100)}%`}
            {own.remainingSeconds !== undefined &&
              ` · ${t.structures.remaining(formatDuration(own.remainingSeconds, language))}`}
          </span>
          <Progress
            label={t.networks.running}
            value={own.state === 'running' ? own.progress : undefined}
          />
          {mayRun && (
            <Button small data-testid="cancel-network" onClick={() => void tell(cancelJob(own.id))}>
              {t.networks.cancel}
            </Button>
          )}
        </div>
      )}
      {(own?.state === 'failed' || own?.state === 'cancelled') && (
        <p className={styles.trouble} role="status" data-testid="network-stopped">
          {title}:{' '}
          {own.state === 'failed' && own.error
            ? errorSentence(own.error.code, own.error.details)
            : t.findings.cancelled}
        </p>
      )}
      {fitting.map(({ model }) => (
        <div key={model.id} className={styles.model} data-testid={`network-${model.id}`}>
          <span>
            <strong>{model.title[language]}</strong>
            <span className={styles.quiet}>
              {t.networks.facts(model.modelVersion, model.licence, model.classes.length)}
            </span>
          </span>
          {mayRun && !isRunning && (
            <Button
              small
              icon={<Play />}
              data-testid={`run-${model.id}`}
              onClick={() => void tell(runModel(uid, model.id))}
            >
              {t.networks.run}
            </Button>
          )}
        </div>
      ))}
      {fitting.length === 0 && (
        <div className={styles.none} data-testid="no-network">
          <p>{t.networks.none}</p>
          {networks.map(({ model, misfits }) => (
            <p key={model.id} className={styles.quiet}>
              {model.title[language]}: {misfits.map((m) => m[language]).join('; ')}
            </p>
          ))}
          {!mayAdd && <p className={styles.quiet}>{t.networks.howToAdd(addCommand)}</p>}
          <p>{t.networks.without}</p>
        </div>
      )}
      {mayAdd && <AddNetwork onAdded={ask} />}
    </section>
  );
}
