import { type Structure, type Warning, warningText } from '@yuepian/contract';
import { Download } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useLanguage, useText } from '../i18n/index.ts';
import { buttonClass, Popover } from '../ui/index.ts';
import { checkPrintable, type ExportFormat, exportFormats, exportUrl } from './api.ts';
import styles from './ExportMenu.module.css';

/** Structures as files, with what the coordinates mean and whether a printer would take them. */
export function ExportMenu({
  structures,
  isAll = false,
}: {
  readonly structures: readonly Structure[];
  readonly isAll?: boolean;
}) {
  const t = useText();
  const [only] = structures;
  const label = isAll ? t.files.exportAll : t.files.export;
  return (
    <Popover
      label={label}
      button={{
        small: !isAll,
        icon: <Download />,
        ...(isAll ? { kind: 'quiet', title: label, 'aria-label': label } : { children: label }),
        'data-testid': isAll ? 'export-all' : `export-${only?.key}`,
      }}
    >
      {(close) => <Formats structures={structures} onDone={close} />}
    </Popover>
  );
}

function Formats({
  structures,
  onDone,
}: {
  readonly structures: readonly Structure[];
  readonly onDone: () => void;
}) {
  const t = useText();
  const language = useLanguage();
  const words: Record<ExportFormat, string> = {
    stl: t.files.stl,
    '3mf': t.files.threeMf,
    obj: t.files.obj,
    ply: t.files.ply,
    glb: t.files.glb,
    seg: t.files.seg,
  };
  const ids = structures.map((s) => s.id);
  return (
    <div className={styles.formats}>
      {exportFormats.map((format) => (
        <a
          key={format}
          className={buttonClass('quiet')}
          href={exportUrl(ids, format, language)}
          download
          data-testid={`export-as-${format}`}
          onClick={onDone}
        >
          {words[format]}
        </a>
      ))}
      <p>{t.files.note}</p>
      {structures.length === 1 && structures[0] && <Printable structure={structures[0]} />}
    </div>
  );
}

function Printable({ structure }: { readonly structure: Structure }) {
  const t = useText();
  const language = useLanguage();
  const [warnings, setWarnings] = useState<readonly Warning[]>();
  useEffect(() => {
    let isOver = false;
    checkPrintable(structure.id, language).then(
      (found) => !isOver && setWarnings(found),
      () => undefined,
    );
    return () => {
      isOver = true;
    };
  }, [structure.id, language]);
  if (!warnings) return <p>{t.files.checking}</p>;
  if (warnings.length === 0) return <p data-testid="printable">{t.files.printable}</p>;
  return warnings.map((w) => (
    <p key={w.code} className={styles.trouble} data-testid="not-printable">
      {warningText(w, language)}
    </p>
  ));
}
