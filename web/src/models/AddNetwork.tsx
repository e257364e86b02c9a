import type { CatalogueEntry, ModelCatalogue, ModelSummary } from '@yuepian/contract';
import { FileUp, Plus } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { sentenceOf } from '../api/index.ts';
import { useLanguage, useText } from '../i18n/index.ts';
import { Button, Dialog, notify, Progress } from '../ui/index.ts';
import styles from './AddNetwork.module.css';
import { addKnownModel, catalogue, uploadModel } from './api.ts';

/** Names, the same in every language. */
const kinds = 'ONNX + manifest.json / nnU-Net + ONNX / brainchop MeshNet';
const setting = 'YUEPIAN_ALLOW_INTERNET=1';

/** An administrator adds a network: the zip of its folder, or one of the free ones we know of. */
export function AddNetwork({ onAdded }: { readonly onAdded: () => void }) {
  const t = useText();
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <Button small icon={<Plus />} data-testid="add-network" onClick={() => setOpen(true)}>
        {t.networks.add}
      </Button>
      {isOpen && (
        <Dialog
          title={t.networks.addTitle}
          closeLabel={t.common.close}
          width={640}
          testId="add-network-dialog"
          onClose={() => setOpen(false)}
        >
          <Sources
            onAdded={() => {
              setOpen(false);
              onAdded();
            }}
          />
        </Dialog>
      )}
    </>
  );
}

function Sources({ onAdded }: { readonly onAdded: () => void }) {
  const t = useText();
  const language = useLanguage();
  const [known, setKnown] = useState<ModelCatalogue>();
  const [trouble, setTrouble] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const file = useRef<HTMLInputElement>(null);
  useEffect(() => {
    let isOver = false;
    catalogue().then(
      (found) => !isOver && setKnown(found),
      (error: unknown) => !isOver && setTrouble(sentenceOf(error)),
    );
    return () => {
      isOver = true;
    };
  }, []);
  const add = async (adding: Promise<ModelSummary>) => {
    setBusy(true);
    setTrouble(undefined);
    try {
      const model = await adding;
      notify(t.networks.added(model.title[language]));
      onAdded();
    } catch (error) {
      setTrouble(sentenceOf(error));
      setBusy(false);
    }
  };
  return (
    <div className={styles.sources}>
      <p className={styles.quiet}>{t.networks.formats(kinds)}</p>
      <div>
        <Button
          icon={<FileUp />}
          disabled={isBusy}
          data-testid="choose-model-zip"
          onClick={() => file.current?.click()}
        >
          {t.networks.chooseZip}
        </Button>
        <input
          ref={file}
          type="file"
          hidden
          accept=".zip,application/zip"
          data-testid="model-zip"
          onChange={(e) => {
            const [zip] = e.currentTarget.files ?? [];
            if (zip) void add(uploadModel(zip));
            e.currentTarget.value = '';
          }}
        />
      </div>
      {isBusy && (
        <div role="status">
          <p>{t.networks.checking}</p>
          <Progress label={t.networks.checking} />
        </div>
      )}
      {trouble && (
        <p className={styles.trouble} role="alert" data-testid="add-network-trouble">
          {trouble}
        </p>
      )}
      {known && (
        <section aria-label={t.networks.known}>
          <h3>{t.networks.known}</h3>
          {!known.internetAllowed && (
            <p className={styles.quiet}>{t.networks.noInternet(setting)}</p>
          )}
          <ul>
            {known.entries.map((entry) => (
              <Known
                key={entry.id}
                entry={entry}
                isBusy={isBusy}
                isOnline={known.internetAllowed}
                onAdd={() => void add(addKnownModel(entry.id))}
              />
            ))}
          </ul>
        </section>
      )}
    </div>
  );
}

function Known({
  entry,
  isBusy,
  isOnline,
  onAdd,
}: {
  readonly entry: CatalogueEntry;
  readonly isBusy: boolean;
  readonly isOnline: boolean;
  readonly onAdd: () => void;
}) {
  const t = useText();
  const language = useLanguage();
  return (
    <li data-testid={`known-${entry.id}`}>
      <span>
        <strong>{entry.title[language]}</strong>
        <span className={styles.quiet}>
          {entry.description[language]} · {entry.licence} ·{' '}
          <a href={entry.homepage} target="_blank" rel="noreferrer noopener">
            {t.networks.homepage}
          </a>
        </span>
        {/* Where nothing can be fetched at all, one sentence above says so for all. */}
        {entry.obstacle && (isOnline || entry.files.length === 0) && (
          <span className={styles.quiet}>{entry.obstacle[language]}</span>
        )}
      </span>
      {entry.installed ? (
        <span className={styles.quiet}>{t.networks.installed}</span>
      ) : (
        entry.addable && (
          <Button small disabled={isBusy} data-testid={`add-${entry.id}`} onClick={onAdd}>
            {t.networks.addOne}
          </Button>
        )
      )}
    </li>
  );
}
