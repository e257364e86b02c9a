import { type CaseEntry, type CaseId, caseList, type StudyInstanceUid } from '@yuepian/contract';
import { useEffect, useState } from 'react';
import { request, sentenceOf } from '../api/index.ts';
import { useLanguage, useText } from '../i18n/index.ts';
import { Button, Dialog, Problem, Progress } from '../ui/index.ts';
import styles from './Meeting.module.css';
import { formatMoment } from './time.ts';

export interface CasesDialogProps {
  readonly studyInstanceUid: StudyInstanceUid;
  readonly caseId: CaseId;
  readonly onOpen: (entry: CaseEntry) => void;
  readonly onClose: () => void;
}

/** The cases of a study: the first one, and copies that went on from some moment of another. */
export function CasesDialog({ studyInstanceUid, caseId, onOpen, onClose }: CasesDialogProps) {
  const t = useText();
  const language = useLanguage();
  const [cases, setCases] = useState<readonly CaseEntry[]>();
  const [problem, setProblem] = useState<string>();
  useEffect(() => {
    const abort = new AbortController();
    const path = `/api/cases?study=${encodeURIComponent(studyInstanceUid)}`;
    request(caseList, path, { signal: abort.signal }).then(
      (list) => setCases(list.cases),
      (error: unknown) => {
        if (!abort.signal.aborted) setProblem(sentenceOf(error));
      },
    );
    return () => abort.abort();
  }, [studyInstanceUid]);
  return (
    <Dialog title={t.meeting.cases} closeLabel={t.common.close} onClose={onClose} testId="cases">
      {problem && <Problem>{problem}</Problem>}
      {!cases && !problem && <Progress label={t.common.loading} />}
      <ul className={styles.cases}>
        {cases?.map((entry) => (
          <li key={entry.id} data-testid={`case-${entry.id}`}>
            <span>
              <strong>{entry.title || t.meeting.mainCase}</strong>
              <span className={styles.quiet}>
                {t.meeting.caseNote(formatMoment(Date.parse(entry.createdAt), language))}
              </span>
            </span>
            {entry.id === caseId ? (
              <span className={styles.present}>{t.meeting.present}</span>
            ) : (
              <Button small onClick={() => onOpen(entry)}>
                {t.meeting.open}
              </Button>
            )}
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
