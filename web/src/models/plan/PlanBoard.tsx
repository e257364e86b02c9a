import type { Structure } from '@yuepian/contract';
import { Scissors, Trash2, X } from 'lucide-react';
import { formatMl, useLanguage, useText } from '../../i18n/index.ts';
import { Button, IconButton, useStore } from '../../ui/index.ts';
import type { ModelsDesk } from '../desk.ts';
import styles from './PlanBoard.module.css';

/** What has been measured and planned: distances of one structure, margins, cuts. */
export function PlanBoard({
  desk,
  structures,
}: {
  readonly desk: ModelsDesk;
  readonly structures: readonly Structure[];
}) {
  const t = useText();
  const language = useLanguage();
  const { table, chosen, margin, parts, isBusy } = useStore(desk.plan.state, (s) => s);
  const arePartsBusy = useStore(desk.parts.state, (s) => s.isBusy);
  const nameOf = (key: string): string =>
    structures.find((s) => s.key === key)?.name[language] ?? key;
  if (!table && !margin && parts.length === 0 && !isBusy) return null;
  return (
    <section className={styles.board} aria-label={t.plan.title} data-testid="plan">
      {isBusy && <p className={styles.quiet}>{t.plan.busy}</p>}
      {table && (
        <div data-testid="distances">
          <header>
            <h3>{t.plan.distancesOf(nameOf(table.key))}</h3>
            <IconButton
              label={t.common.close}
              icon={<X />}
              onClick={() => desk.plan.closeTable()}
            />
          </header>
          {table.rows.length === 0 && <p className={styles.quiet}>{t.plan.noNeighbours}</p>}
          {table.rows.map((row) => (
            <button
              key={row.key}
              type="button"
              className={styles.row}
              aria-pressed={row.key === chosen}
              data-testid={`distance-${row.key}`}
              onClick={() => desk.plan.choose(row.key)}
            >
              <span>{nameOf(row.key)}</span>
              <span>{t.plan.mm(row.distance)}</span>
            </button>
          ))}
        </div>
      )}
      {margin && (
        <p data-testid="margin">
          {t.plan.marginOf(nameOf(margin.key), margin.mm, formatMl(margin.ml))}
        </p>
      )}
      {parts.map(({ cut, frontMl, backMl }) => (
        <div key={cut.id} className={styles.cut} data-testid="cut">
          <header>
            <h3>
              <Scissors /> {t.plan.cutOf(nameOf(cut.structureKey))}
            </h3>
            <IconButton
              label={t.plan.removeCut}
              icon={<Trash2 />}
              data-testid="remove-cut"
              onClick={() => desk.plan.remove(cut.id)}
            />
          </header>
          {frontMl === 0 || backMl === 0 ? (
            <p className={styles.quiet} data-testid="cut-missed">
              {t.plan.missed}
            </p>
          ) : (
            <>
              <p>
                <span className={styles.front} /> {t.structures.ml(formatMl(frontMl))}
                <span className={styles.gap} />
                {t.structures.ml(formatMl(backMl))}
              </p>
              <p className={styles.quiet}>
                {t.plan.remaining(((100 * backMl) / (frontMl + backMl)).toFixed(1))}
              </p>
              <Button
                small
                disabled={arePartsBusy}
                data-testid="cut-apply"
                onClick={() => void desk.makeParts(cut)}
              >
                {t.parts.apply}
              </Button>
            </>
          )}
        </div>
      ))}
    </section>
  );
}
