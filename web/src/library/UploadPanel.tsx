import { ChevronDown, ChevronUp, X } from 'lucide-react';
import { useState } from 'react';
import { useLocation } from 'wouter';
import { useText } from '../i18n/index.ts';
import { Button, classes, IconButton, Progress, Segmented, useStore } from '../ui/index.ts';
import styles from './UploadPanel.module.css';
import { rowsToShow, summarise } from './upload/summary.ts';
import { cancelUpload, clearUpload, type Row, uploadStore } from './upload/uploader.ts';

/** What is being imported, file by file, refusals first. */
export function UploadPanel() {
  const t = useText();
  const [, navigate] = useLocation();
  const upload = useStore(uploadStore, (s) => s);
  const [folded, setFolded] = useState(false);
  const [onlyRefused, setOnlyRefused] = useState(false);
  if (upload.state === 'idle') return null;
  const summary = summarise(upload.rows);
  const isRunning = upload.state === 'running';
  const { shown, hidden } = rowsToShow(upload.rows, onlyRefused);
  const headline =
    upload.state === 'cancelled'
      ? t.upload.cancelled
      : upload.state === 'done'
        ? summary.total === 0
          ? t.upload.none
          : t.upload.finished(summary.total)
        : upload.searching && summary.done === 0
          ? t.upload.reading(summary.total)
          : t.upload.sending(summary.done, summary.total);
  const onlyStudy = upload.studies.length === 1 ? upload.studies[0] : undefined;
  const hasSome = summary.refused > 0 && summary.refused < summary.total;
  return (
    <section className={styles.panel} aria-label={t.upload.title} data-testid="upload">
      <header className={styles.head}>
        <div className={styles.title} aria-live="polite">
          <h2>{headline}</h2>
          <p data-testid="upload-counts">
            {t.upload.counts(summary.stored, summary.exists, summary.refused, summary.ignored)}
          </p>
        </div>
        <IconButton
          label={folded ? t.upload.show : t.upload.hide}
          icon={folded ? <ChevronUp /> : <ChevronDown />}
          aria-expanded={!folded}
          onClick={() => setFolded(!folded)}
        />
        {isRunning ? (
          <Button onClick={cancelUpload} data-testid="upload-cancel">
            {t.common.cancel}
          </Button>
        ) : (
          <IconButton
            label={t.common.close}
            icon={<X />}
            onClick={clearUpload}
            data-testid="upload-close"
          />
        )}
      </header>
      <div className={styles.progress}>
        {isRunning && <Progress label={headline} value={summary.progress} />}
      </div>
      {!folded && (
        <div className={styles.list}>
          <ul>
            {shown.map((row) => (
              <UploadRow key={row.id} row={row} />
            ))}
          </ul>
          {hidden > 0 && <p className={styles.hidden}>{t.upload.tooManyToShow(hidden)}</p>}
        </div>
      )}
      {!folded && (hasSome || onlyStudy !== undefined) && (
        <footer className={styles.foot}>
          {hasSome ? (
            <Segmented
              label={t.upload.title}
              value={onlyRefused ? 'refused' : 'all'}
              options={[
                { value: 'all', label: t.upload.all },
                { value: 'refused', label: t.upload.onlyRefused },
              ]}
              onChange={(v) => setOnlyRefused(v === 'refused')}
            />
          ) : (
            <span />
          )}
          {onlyStudy !== undefined && (
            <Button kind="primary" onClick={() => navigate(`/studies/${onlyStudy}`)}>
              {t.upload.openStudy}
            </Button>
          )}
        </footer>
      )}
    </section>
  );
}

function UploadRow({ row }: { readonly row: Row }) {
  const t = useText();
  const word = {
    stored: t.upload.stored,
    exists: t.upload.exists,
    refused: t.upload.refused,
    ignored: t.upload.ignored,
    waiting: t.upload.waiting,
    sending: `${t.upload.uploading} ${Math.round(row.progress * 100)}%`,
  }[row.status];
  return (
    <li className={styles.row} data-status={row.status}>
      <span className={styles.path} title={row.path}>
        <bdi>{row.path}</bdi>
      </span>
      <span className={classes(styles.status, styles[row.status])}>{word}</span>
      {row.sentence !== '' && <span className={styles.sentence}>{row.sentence}</span>}
    </li>
  );
}
