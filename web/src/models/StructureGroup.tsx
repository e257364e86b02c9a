import type { SeriesDetail, Structure, StructureLook, StructureSetDetail } from '@yuepian/contract';
import { ChevronDown, ChevronRight, Eye, EyeOff } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { useLanguage, useText } from '../i18n/index.ts';
import { classes, IconButton } from '../ui/index.ts';
import styles from './Structures.module.css';

interface Group {
  /** Absent for the automatic ones and people's own, which come first. */
  readonly set: StructureSetDetail | undefined;
  readonly members: readonly Structure[];
}

/** Structures by where they come from; a set without any is not listed. */
export function groupsOf(
  series: Pick<SeriesDetail, 'structureSets'> | undefined,
  structures: readonly Structure[],
): Group[] {
  const sets = series?.structureSets.filter((set) => set.id !== 'classical') ?? [];
  const inSet = new Set(sets.flatMap((set) => set.structures.map((s) => s.id)));
  const groups: Group[] = [
    { set: undefined, members: structures.filter((s) => !inSet.has(s.id)) },
    ...sets.map((set) => {
      const ids = new Set(set.structures.map((s) => s.id));
      return { set, members: structures.filter((s) => ids.has(s.id)) };
    }),
  ];
  return groups.filter((g) => g.members.length > 0);
}

/** One source's structures: what it is, how many, all of them on or off. */
export function StructureGroup({
  set,
  members,
  lookOf,
  onLook,
  children,
}: Group & {
  readonly lookOf: (structure: Structure) => StructureLook;
  readonly onLook: (keys: readonly string[], patch: Partial<StructureLook>) => void;
  readonly children: ReactNode;
}) {
  const t = useText();
  const language = useLanguage();
  const [isFolded, setFolded] = useState(false);
  if (!set) return <ul>{children}</ul>;
  const title = set.title[language];
  const isAnyVisible = members.some((s) => lookOf(s).visible);
  return (
    <section className={styles.group} aria-label={title} data-testid={`set-${set.id}`}>
      <div className={styles.groupHead}>
        <IconButton
          label={isAnyVisible ? t.structures.hide(title) : t.structures.show(title)}
          icon={isAnyVisible ? <Eye /> : <EyeOff />}
          className={classes(styles.eye)}
          data-visible={isAnyVisible}
          data-testid={`eye-set-${set.id}`}
          onClick={() =>
            onLook(
              members.map((s) => s.key),
              { visible: !isAnyVisible },
            )
          }
        />
        <button
          type="button"
          className={styles.groupTitle}
          aria-expanded={!isFolded}
          aria-label={isFolded ? t.findings.unfold(title) : t.findings.fold(title)}
          onClick={() => setFolded(!isFolded)}
        >
          <span>{title}</span>
          <span>{t.findings.count(members.length)}</span>
          {isFolded ? <ChevronRight /> : <ChevronDown />}
        </button>
      </div>
      {!isFolded && set.notes.length > 0 && (
        <p className={styles.groupNote}>{set.notes.map((n) => n[language]).join(' ')}</p>
      )}
      {!isFolded && <ul>{children}</ul>}
    </section>
  );
}
