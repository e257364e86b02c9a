import { X } from 'lucide-react';
import { useState } from 'react';
import { formatMl, useLanguage, useText } from '../../i18n/index.ts';
import { Button, IconButton, TextField, useStore } from '../../ui/index.ts';
import styles from './Parts.module.css';
import type { BothNames, PartsDesk } from './parts.ts';

/** What is being merged or cut, what is to be done next, and the way out. */
export function PartsCard({ desk }: { readonly desk: PartsDesk }) {
  const t = useText();
  const language = useLanguage();
  const { mode, first, second, touched, mergedMl, isBusy } = useStore(desk.state, (s) => s);
  if (!mode || !first) return null;
  return (
    <section className={styles.card} aria-label={t.parts[mode]} data-testid="parts">
      <header>
        <h3>{t.parts[mode]}</h3>
        <IconButton
          label={t.parts.cancel}
          icon={<X />}
          data-testid="parts-cancel"
          onClick={() => desk.cancel()}
        />
      </header>
      {mode === 'cut' && (
        <p role="status">
          {isBusy ? t.parts.working : t.parts.touch(first.name[language], touched.length + 1)}
        </p>
      )}
      {mode === 'merge' && !second && <p role="status">{t.parts.pick(first.name[language])}</p>}
      {mode === 'merge' && second && (
        <>
          <p>
            <strong>{first.name[language]}</strong> + <strong>{second.name[language]}</strong>
            {mergedMl !== undefined && ` · ${t.structures.ml(formatMl(mergedMl))}`}
          </p>
          <Names
            names={[first.name, second.name]}
            isBusy={isBusy}
            onName={(name) => void desk.merge(name)}
          />
        </>
      )}
    </section>
  );
}

/** One press merges under a name that is there; any other is typed. */
function Names({
  names,
  isBusy,
  onName,
}: {
  readonly names: readonly BothNames[];
  readonly isBusy: boolean;
  readonly onName: (name: BothNames) => void;
}) {
  const t = useText();
  const language = useLanguage();
  const [typed, setTyped] = useState('');
  const own = typed.trim();
  const offered = names.filter((n, at) => names.findIndex((o) => o.zh === n.zh) === at);
  return (
    <>
      <p className={styles.quiet}>{t.parts.called}</p>
      <div className={styles.names}>
        {offered.map((name, n) => (
          <Button
            key={name.zh}
            small
            kind={n === 0 ? 'primary' : 'plain'}
            disabled={isBusy}
            data-testid={`merge-as-${n}`}
            onClick={() => onName(name)}
          >
            {name[language]}
          </Button>
        ))}
      </div>
      <form
        className={styles.own}
        onSubmit={(e) => {
          e.preventDefault();
          if (own !== '' && !isBusy) onName({ zh: own, en: own });
        }}
      >
        <TextField
          label={t.parts.otherName}
          value={typed}
          maxLength={60}
          data-testid="merge-name"
          onChange={(e) => setTyped(e.currentTarget.value)}
        />
        <Button small type="submit" disabled={isBusy || own === ''} data-testid="merge-typed">
          {t.parts.join}
        </Button>
      </form>
    </>
  );
}
