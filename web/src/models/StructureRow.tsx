import type { Structure, StructureLook } from '@yuepian/contract';
import { Check, Eye, EyeOff, Focus, LocateFixed, Pencil, Trash2 } from 'lucide-react';
import type { CSSProperties, ReactNode } from 'react';
import { formatMl, useLanguage, useText } from '../i18n/index.ts';
import { Button, classes, IconButton, Slider, useStore } from '../ui/index.ts';
import type { Verdict } from './api.ts';
import { ColourPicker } from './ColourPicker.tsx';
import type { ModelsDesk } from './desk.ts';
import { ExportMenu } from './ExportMenu.tsx';
import { EditTools } from './editing/EditTools.tsx';
import { StoneFacts } from './Findings.tsx';
import { MoreMenu } from './MoreMenu.tsx';
import styles from './Structures.module.css';
import { Sureness } from './Sureness.tsx';
import { sourceText } from './source.ts';

export interface StructureRowProps {
  readonly structure: Structure;
  readonly look: StructureLook;
  readonly isOpen: boolean;
  readonly mayVerify: boolean;
  readonly mayExport: boolean;
  readonly onToggleOpen: () => void;
  readonly onLook: (patch: Partial<StructureLook>, gesture?: string | undefined) => void;
  readonly onLookEnd: () => void;
  readonly onVerify: (verdict: Verdict) => void;
  readonly onGoTo: () => void;
  /** Absent where structures cannot be changed. */
  readonly desk?: ModelsDesk | undefined;
  readonly onIsolate: (() => void) | undefined;
  readonly onRemove: () => void;
  /** More about it, once it is opened. */
  readonly children?: ReactNode;
}

/** One structure: colour, name, volume; opened, everything that can be done with it. */
export function StructureRow(props: StructureRowProps) {
  const { structure: s, look, isOpen, onToggleOpen, onLook } = props;
  const t = useText();
  const language = useLanguage();
  const name = s.name[language];
  return (
    <li
      className={classes(styles.row, !look.visible && styles.hidden)}
      data-open={isOpen}
      data-testid={`structure-${s.key}`}
    >
      <div className={styles.line}>
        <IconButton
          label={look.visible ? t.structures.hide(name) : t.structures.show(name)}
          icon={look.visible ? <Eye /> : <EyeOff />}
          className={classes(styles.eye)}
          data-visible={look.visible}
          data-testid={`eye-${s.key}`}
          onClick={() => onLook({ visible: !look.visible })}
        />
        <button
          type="button"
          className={styles.main}
          aria-expanded={isOpen}
          onClick={() => {
            // While another is waited for, a press on a row chooses it.
            if (props.desk?.parts.state.get().mode === 'merge') props.desk.parts.pick(s);
            else onToggleOpen();
          }}
        >
          <span className={styles.dot} style={{ '--dot': look.colour } as CSSProperties} />
          <span className={styles.name}>{name}</span>
          {!s.verified && (
            <span className={styles.unverified} role="img" aria-label={t.structures.unverified} />
          )}
          <span className={styles.volume}>{t.structures.ml(formatMl(s.volumeMl))}</span>
        </button>
      </div>
      {isOpen &&
        (props.desk ? (
          <Opened {...props} name={name} desk={props.desk} />
        ) : (
          <Details {...props} name={name} />
        ))}
    </li>
  );
}

function Details(props: StructureRowProps & { readonly name: string }) {
  const { structure: s, look, name, mayVerify, mayExport } = props;
  const t = useText();
  const isRejected = s.verdict?.state === 'rejected';
  const triangles = s.levels.at(-1)?.triangles ?? 0;
  const from = sourceText(s.edited?.from ?? s.source, useLanguage());
  const origin = s.edited ? t.edit.by2(s.edited.by, from) : from;
  const facts = [
    `${t.structures.source} ${origin}`,
    t.structures.triangles(triangles.toLocaleString('en-US')),
    s.openEdges > 0 ? t.structures.openEdges(s.openEdges) : '',
  ];
  return (
    <div className={styles.details}>
      <Slider
        label={t.structures.opacity(name)}
        min={0}
        max={1}
        step={0.05}
        value={look.opacity}
        text={`${Math.round(look.opacity * 100)}%`}
        colour={look.colour}
        onChange={(opacity) => props.onLook({ opacity }, `opacity-${s.key}`)}
        onCommit={props.onLookEnd}
      />
      <ColourPicker
        name={name}
        value={look.colour}
        usual={s.colour}
        testId={`colour-${s.key}`}
        onChange={(colour, isDragging) =>
          props.onLook({ colour }, isDragging ? `colour-${s.key}` : undefined)
        }
        onCommit={props.onLookEnd}
      />
      <div className={styles.check} data-verified={s.verified}>
        <span>
          {s.verified
            ? t.structures.verified
            : isRejected
              ? t.structures.rejected
              : t.structures.unverified}
        </span>
        {mayVerify ? (
          <span className={styles.actions}>
            <Button
              small
              icon={s.verified ? undefined : <Check />}
              onClick={() => props.onVerify(s.verified ? 'withdrawn' : 'verified')}
              data-testid={`verify-${s.key}`}
            >
              {s.verified ? t.structures.unverify : t.structures.verify}
            </Button>
            {!s.verified && (
              <Button
                small
                onClick={() => props.onVerify(isRejected ? 'withdrawn' : 'rejected')}
                data-testid={`reject-${s.key}`}
              >
                {isRejected ? t.structures.unverify : t.structures.reject}
              </Button>
            )}
          </span>
        ) : (
          !s.verified && <span className={styles.facts}>{t.structures.whoMay}</span>
        )}
      </div>
      {s.stone && (
        <p className={styles.measured}>
          <StoneFacts structure={s} />
        </p>
      )}
      {props.desk && <Sureness structure={s} desk={props.desk} />}
      {props.children}
      <p className={styles.facts}>{facts.filter((f) => f !== '').join(' · ')}</p>
      <div className={styles.actions}>
        <Button
          small
          icon={<LocateFixed />}
          aria-label={t.structures.goTo(name)}
          onClick={props.onGoTo}
          data-testid={`goto-${s.key}`}
        >
          {t.structures.locate}
        </Button>
        {props.onIsolate && (
          <Button small icon={<Focus />} data-testid={`isolate-${s.key}`} onClick={props.onIsolate}>
            {t.looks.isolate}
          </Button>
        )}
        {props.desk && !s.preview && <MoreMenu structure={s} desk={props.desk} />}
        {props.desk && <ChangeButtons {...props} desk={props.desk} />}
        {mayExport && !s.preview && <ExportMenu structures={[s]} />}
      </div>
    </div>
  );
}

/** While a structure is in work there are its tools and nothing else. */
function Opened(props: StructureRowProps & { readonly name: string; readonly desk: ModelsDesk }) {
  const { structure, desk } = props;
  const isInWork = useStore(desk.editing.state, (s) => s.id === structure.id);
  return isInWork ? (
    <div className={styles.details}>
      <EditTools structure={structure} desk={desk} />
    </div>
  ) : (
    <Details {...props} />
  );
}

function ChangeButtons({
  structure,
  desk,
  onRemove,
}: Pick<StructureRowProps, 'structure' | 'onRemove'> & { readonly desk: ModelsDesk }) {
  const t = useText();
  const isInWork = useStore(desk.editing.state, (s) => s.id === structure.id);
  if (isInWork || structure.preview) return null;
  return (
    <>
      <Button
        small
        icon={<Pencil />}
        data-testid={`edit-${structure.key}`}
        onClick={() => void desk.edit(structure)}
      >
        {t.edit.start}
      </Button>
      <Button
        small
        icon={<Trash2 />}
        data-testid={`remove-${structure.key}`}
        onClick={() => {
          if (isInWork) desk.finish();
          onRemove();
        }}
      >
        {t.edit.delete}
      </Button>
    </>
  );
}
