import { type Mark, personColours } from '@yuepian/contract';
import { Eye, EyeOff, LocateFixed, Trash2 } from 'lucide-react';
import { type CSSProperties, useEffect, useRef, useState } from 'react';
import { formatPerson, useLanguage, useText } from '../i18n/index.ts';
import { Button, classes, IconButton } from '../ui/index.ts';
import { kindIcons } from './icons.tsx';
import styles from './Marks.module.css';

export interface MarkRowProps {
  readonly mark: Mark;
  readonly name: string;
  readonly isOpen: boolean;
  readonly isHere: boolean;
  readonly mayEdit: boolean;
  readonly lines: readonly string[];
  readonly onOpen: () => void;
  readonly onGoTo: () => void;
  readonly onChange: (patch: Partial<Pick<Mark, 'label' | 'hidden' | 'colour'>>) => void;
  readonly onRemove: () => void;
}

/** One mark: what it is and says; opened, everything that can be done with it. */
export function MarkRow(props: MarkRowProps) {
  const { mark, name, isOpen, isHere, mayEdit, lines } = props;
  const t = useText();
  const language = useLanguage();
  const row = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (isOpen) row.current?.scrollIntoView({ block: 'nearest' });
  }, [isOpen]);
  return (
    <li
      ref={row}
      className={classes(styles.row, mark.hidden && styles.hidden)}
      data-open={isOpen}
      data-testid={`mark-row-${mark.kind}`}
    >
      <div className={styles.line}>
        <IconButton
          label={mark.hidden ? t.marks.show(name) : t.marks.hide(name)}
          icon={mark.hidden ? <EyeOff /> : <Eye />}
          disabled={!mayEdit}
          data-testid={`mark-eye-${mark.kind}`}
          onClick={() => props.onChange({ hidden: !mark.hidden })}
        />
        <button type="button" className={styles.main} aria-expanded={isOpen} onClick={props.onOpen}>
          <span className={styles.icon} style={{ color: mark.colour }}>
            {kindIcons[mark.kind]}
          </span>
          <span className={styles.name}>{name}</span>
          <span className={styles.value}>{isHere ? lines[0] : t.marks.elsewhere}</span>
        </button>
      </div>
      {isOpen && (
        <div className={styles.details}>
          {isHere && lines.length > 1 && (
            <ul className={styles.values}>
              {lines.map((line) => (
                <li key={line}>{line}</li>
              ))}
            </ul>
          )}
          <p className={styles.quiet}>
            {formatPerson(mark.author.name, language)} ·{' '}
            {new Date(mark.createdAt).toLocaleString('sv-SE').slice(0, 16)}
          </p>
          {mayEdit && (
            <>
              <Name mark={mark} onChange={(label) => props.onChange({ label })} />
              <div className={styles.colours} role="radiogroup" aria-label={t.marks.colour(name)}>
                {personColours.map((colour, n) => (
                  <Button
                    key={colour}
                    kind="quiet"
                    role="radio"
                    aria-checked={colour === mark.colour}
                    aria-label={t.common.colourNumber(n + 1)}
                    title={t.common.colourNumber(n + 1)}
                    className={classes(styles.colour)}
                    style={{ '--dot': colour } as CSSProperties}
                    onClick={() => props.onChange({ colour })}
                  />
                ))}
              </div>
            </>
          )}
          <div className={styles.actions}>
            <Button
              small
              icon={<LocateFixed />}
              aria-label={t.marks.goTo(name)}
              data-testid="mark-goto"
              onClick={props.onGoTo}
            >
              {t.marks.locate}
            </Button>
            {mayEdit && (
              <Button small icon={<Trash2 />} data-testid="mark-remove" onClick={props.onRemove}>
                {t.marks.remove}
              </Button>
            )}
          </div>
        </div>
      )}
    </li>
  );
}

/** The name is written into the case when the field is left, not with every letter: one step to undo. */
function Name({
  mark,
  onChange,
}: {
  readonly mark: Mark;
  readonly onChange: (label: string) => void;
}) {
  const t = useText();
  const [text, setText] = useState(mark.label);
  useEffect(() => setText(mark.label), [mark.label]);
  const keep = () => {
    const label = text.trim();
    if (label !== mark.label) onChange(label);
  };
  return (
    <input
      className={styles.input}
      aria-label={t.marks.rename}
      placeholder={t.marks.rename}
      data-testid="mark-name"
      value={text}
      maxLength={500}
      onChange={(e) => setText(e.target.value)}
      onBlur={keep}
      onKeyDown={(e) => {
        e.stopPropagation();
        if (e.key === 'Enter' && !e.nativeEvent.isComposing) e.currentTarget.blur();
        if (e.key === 'Escape') setText(mark.label);
      }}
    />
  );
}
