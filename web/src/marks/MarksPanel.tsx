import type { Language, Mark, MarkId, MarkKind } from '@yuepian/contract';
import { markKind } from '@yuepian/contract';
import { ChevronsRight, Eye, EyeOff } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { formatPerson, useLanguage, useText } from '../i18n/index.ts';
import { IconButton, Segmented } from '../ui/index.ts';
import { MarkRow } from './MarkRow.tsx';
import styles from './Marks.module.css';

export interface MarksPanelProps {
  readonly marks: readonly Mark[];
  readonly selected: MarkId | undefined;
  readonly mayEdit: boolean;
  /** What a mark says now, first line first. */
  readonly linesOf: (mark: Mark) => readonly string[];
  /** Whether it lies in what is shown. */
  readonly isHere: (mark: Mark) => boolean;
  readonly onGoTo: (mark: Mark) => void;
  readonly onSelect: (id: MarkId | undefined) => void;
  readonly onChange: (
    ids: readonly MarkId[],
    patch: Partial<Pick<Mark, 'label' | 'hidden' | 'colour'>>,
  ) => void;
  readonly onRemove: (id: MarkId) => void;
  readonly onCollapse?: (() => void) | undefined;
  readonly children?: ReactNode;
}

type Grouping = 'author' | 'kind';

/** All marks of the case, by who made them or by what they are. */
export function MarksPanel(props: MarksPanelProps) {
  const { marks, selected, mayEdit, onChange } = props;
  const t = useText();
  const language = useLanguage();
  const [grouping, setGrouping] = useState<Grouping>('author');
  const isAnyShown = marks.some((m) => !m.hidden);
  const names = namesOf(marks, t.marks.kinds);
  return (
    <section className={styles.panel} aria-label={t.marks.title} data-testid="marks-panel">
      <header className={styles.head}>
        {props.children ?? <h2>{t.marks.title}</h2>}
        {marks.length > 0 && mayEdit && (
          <IconButton
            label={isAnyShown ? t.marks.hideAll : t.marks.showAll}
            icon={isAnyShown ? <Eye /> : <EyeOff />}
            data-testid="marks-eye-all"
            onClick={() =>
              onChange(
                marks.map((m) => m.id),
                { hidden: isAnyShown },
              )
            }
          />
        )}
        {props.onCollapse && (
          <IconButton
            label={t.structures.collapse}
            icon={<ChevronsRight />}
            data-testid="collapse-marks"
            onClick={props.onCollapse}
          />
        )}
      </header>
      <div className={styles.scroll}>
        {marks.length === 0 ? (
          <div className={styles.empty}>
            <strong>{t.marks.empty}</strong>
            <p>{t.marks.emptyText}</p>
          </div>
        ) : (
          <>
            <div className={styles.grouping}>
              <Segmented
                label={t.marks.grouping}
                value={grouping}
                options={[
                  { value: 'author', label: t.marks.byAuthor },
                  { value: 'kind', label: t.marks.byKind },
                ]}
                onChange={setGrouping}
              />
            </div>
            {groupsOf(marks, grouping, t.marks.kinds, language).map(({ key, title, members }) => (
              <section key={key} aria-label={title}>
                <h3 className={styles.group}>
                  <span>{title}</span>
                  <span className={styles.quiet}>{t.marks.count(members.length)}</span>
                </h3>
                <ul>
                  {members.map((mark) => (
                    <MarkRow
                      key={mark.id}
                      mark={mark}
                      name={names.get(mark.id) ?? ''}
                      isOpen={mark.id === selected}
                      isHere={props.isHere(mark)}
                      mayEdit={mayEdit}
                      lines={props.linesOf(mark)}
                      onOpen={() => {
                        if (mark.id === selected) props.onSelect(undefined);
                        else props.onGoTo(mark);
                      }}
                      onGoTo={() => props.onGoTo(mark)}
                      onChange={(patch) => onChange([mark.id], patch)}
                      onRemove={() => props.onRemove(mark.id)}
                    />
                  ))}
                </ul>
              </section>
            ))}
          </>
        )}
      </div>
    </section>
  );
}

/** The label, else the kind and its number among those of its kind, in the order they were made. */
export function namesOf(
  marks: readonly Mark[],
  kinds: Readonly<Record<MarkKind, string>>,
): Map<MarkId, string> {
  const counts = new Map<MarkKind, number>();
  return new Map(
    marks.map((mark) => {
      const n = (counts.get(mark.kind) ?? 0) + 1;
      counts.set(mark.kind, n);
      return [mark.id, mark.label || `${kinds[mark.kind]} ${n}`];
    }),
  );
}

interface Group {
  readonly key: string;
  readonly title: string;
  readonly members: Mark[];
}

function groupsOf(
  marks: readonly Mark[],
  grouping: Grouping,
  kinds: Readonly<Record<MarkKind, string>>,
  language: Language,
): Group[] {
  const groups = new Map<string, Group>();
  for (const mark of marks) {
    // At a board several people work under one account, each by their own name.
    const { author } = mark;
    const key = grouping === 'author' ? `${author.id} ${author.name}` : mark.kind;
    const title = grouping === 'author' ? formatPerson(author.name, language) : kinds[mark.kind];
    const group = groups.get(key) ?? { key, title, members: [] };
    group.members.push(mark);
    groups.set(key, group);
  }
  const order: readonly string[] = markKind.options;
  const all = [...groups.values()];
  return grouping === 'author'
    ? all
    : all.sort((a, b) => order.indexOf(a.key) - order.indexOf(b.key));
}
