import type { StudySummary } from '@yuepian/contract';
import { ArrowDownUp, FileUp, Search, SearchX, X } from 'lucide-react';
import { useDeferredValue, useState } from 'react';
import { sentenceOf } from '../api/index.ts';
import { formatName, text, useLanguage, useText } from '../i18n/index.ts';
import { AccountMenu, LanguageButton, useMay } from '../identity/index.ts';
import {
  Button,
  Dialog,
  DialogActions,
  IconButton,
  MenuList,
  notify,
  Popover,
  Problem,
  Progress,
} from '../ui/index.ts';
import { deleteStudy, type SortOrder, sortOrders } from './api.ts';
import { EmptyLibrary } from './EmptyLibrary.tsx';
import { ImportButtons } from './ImportButtons.tsx';
import styles from './Library.module.css';
import { StudyRow } from './StudyRow.tsx';
import { UploadPanel } from './UploadPanel.tsx';
import { startUpload } from './upload/uploader.ts';
import { entriesOf, walk } from './upload/walk.ts';
import { useDrop } from './useDrop.ts';
import { useStudies } from './useStudies.ts';

/** All studies of the archive. */
export function Library() {
  const t = useText();
  const [q, setQ] = useState('');
  const [sort, setSort] = useState<SortOrder>('received');
  const query = useDeferredValue(q.trim());
  const list = useStudies(query, sort);
  const mayImport = useMay('import');
  const mayDelete = useMay('delete');
  const [deleting, setDeleting] = useState<StudySummary>();
  const isOver = useDrop((data) => {
    if (mayImport) void startUpload(walk(entriesOf(data)));
    else notify(text().library.notAllowedImport, 'caution');
  });

  const { studies, total } = list;
  const isEmpty = studies !== undefined && studies.length === 0;
  return (
    <div className={styles.page}>
      <header className={styles.top}>
        <h1 className={styles.brand}>
          <img src="/icon.svg" alt="" />
          {t.product}
        </h1>
        <search className={styles.search}>
          <Search aria-hidden="true" />
          <input
            type="search"
            aria-label={t.library.search}
            placeholder={t.library.search}
            value={q}
            data-testid="search"
            onChange={(e) => setQ(e.currentTarget.value)}
          />
          {q !== '' && (
            <IconButton label={t.library.clearSearch} icon={<X />} onClick={() => setQ('')} />
          )}
        </search>
        <div className={styles.tools}>
          {mayImport && (
            <Popover
              label={t.library.import}
              button={{
                kind: 'primary',
                icon: <FileUp />,
                children: t.library.import,
                'data-testid': 'import',
              }}
            >
              {(close) => (
                <div className={styles.choices}>
                  <ImportButtons onStart={close} />
                </div>
              )}
            </Popover>
          )}
          <LanguageButton />
          <AccountMenu />
        </div>
      </header>

      <main className={styles.body}>
        {list.error !== undefined && (
          <Problem>
            {sentenceOf(list.error)} <Button onClick={list.reload}>{t.common.retry}</Button>
          </Problem>
        )}
        {studies === undefined && list.error === undefined && <Progress label={t.common.loading} />}
        {isEmpty && query === '' && <EmptyLibrary mayImport={mayImport} />}
        {isEmpty && query !== '' && (
          <div className={styles.empty} data-testid="nothing-found">
            <SearchX aria-hidden="true" />
            <h2>{t.library.nothingFound(query)}</h2>
            <p>{t.library.nothingFoundText}</p>
            <Button onClick={() => setQ('')}>{t.library.clearSearch}</Button>
          </div>
        )}
        {studies !== undefined && studies.length > 0 && (
          <>
            <div className={styles.head}>
              <p role="status">
                {studies.length < total
                  ? t.library.shown(studies.length, total)
                  : t.library.count(total)}
              </p>
              <Popover
                label={t.library.sort}
                button={{
                  kind: 'quiet',
                  small: true,
                  icon: <ArrowDownUp />,
                  children: t.library.sorts[sort],
                  'aria-label': `${t.library.sort}: ${t.library.sorts[sort]}`,
                  'data-testid': 'sort',
                }}
              >
                {(close) => (
                  <MenuList
                    onDone={close}
                    items={sortOrders.map((key) => ({
                      key,
                      label: t.library.sorts[key],
                      checked: key === sort,
                      onSelect: () => setSort(key),
                    }))}
                  />
                )}
              </Popover>
            </div>
            <ul className={styles.list} data-testid="studies">
              {studies.map((study) => (
                <StudyRow
                  key={study.studyInstanceUid}
                  study={study}
                  job={list.jobs.get(study.studyInstanceUid)}
                  mayDelete={mayDelete}
                  onDelete={setDeleting}
                />
              ))}
            </ul>
            {studies.length < total && (
              <Button className={styles.more ?? ''} onClick={list.more}>
                {t.library.loadMore}
              </Button>
            )}
          </>
        )}
      </main>
      <footer className={styles.foot}>{t.disclaimer}</footer>

      {isOver && (
        <div className={styles.drop}>
          {mayImport ? t.library.dropHere : t.library.notAllowedImport}
          {mayImport && <p>{t.library.dropText}</p>}
        </div>
      )}
      <UploadPanel />
      {deleting && (
        <DeleteDialog
          study={deleting}
          onClose={() => setDeleting(undefined)}
          onDeleted={list.reload}
        />
      )}
    </div>
  );
}

function DeleteDialog({
  study,
  onClose,
  onDeleted,
}: {
  readonly study: StudySummary;
  readonly onClose: () => void;
  readonly onDeleted: () => void;
}) {
  const t = useText();
  const language = useLanguage();
  const [busy, setBusy] = useState(false);
  const name = formatName(study.patient.name, language).main || study.patient.id;
  const remove = async () => {
    setBusy(true);
    try {
      await deleteStudy(study.studyInstanceUid);
      notify(text().library.deleted);
    } catch (error) {
      notify(sentenceOf(error), 'trouble');
    }
    onClose();
    onDeleted();
  };
  return (
    <Dialog
      title={t.library.deleteTitle(name)}
      closeLabel={t.common.close}
      onClose={onClose}
      testId="delete-study"
    >
      <p>{t.library.deleteText(study.instanceCount)}</p>
      <DialogActions>
        <Button onClick={onClose}>{t.common.cancel}</Button>
        <Button kind="danger" disabled={busy} onClick={() => void remove()} data-testid="confirm">
          {t.common.delete}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
