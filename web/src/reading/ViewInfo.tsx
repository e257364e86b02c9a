import { type Warning, warningText } from '@yuepian/contract';
import type { CSSProperties, ReactNode } from 'react';
import type { View } from '../engine/index.ts';
import {
  formatAge,
  formatDate,
  formatMm,
  formatName,
  formatSex,
  formatValue,
  useLanguage,
  useText,
} from '../i18n/index.ts';
import { classes } from '../ui/index.ts';
import { useCase, useRoomState } from './room-context.ts';
import { shownImage } from './room-state.ts';
import styles from './ViewPane.module.css';
import type { ViewFacts } from './view-facts.ts';

/** The three lines that identify patient, study and slice; letters; scale. */
export function ViewInfo({
  kind,
  facts: given,
}: {
  readonly kind: View['kind'];
  readonly facts: ViewFacts | undefined;
}) {
  const warnings = useWarnings();
  // Letters and scale of the image before say nothing of the one that is still to come.
  const isComing = useRoomState((s) => s.shown?.kind === 'frames' && shownImage(s) === undefined);
  const facts = isComing ? undefined : given;
  // Where there is little room the upper letter stands below the lines.
  const style = { '--lines': 2 + warnings.length } as CSSProperties;
  return (
    <div className={styles.info} style={style} data-testid={`info-${kind}`}>
      <Identity warnings={warnings} />
      {facts?.edges && <Letters edges={facts.edges} />}
      <SliceLines kind={kind} facts={facts} />
      {facts?.scale && <ScaleBar {...facts.scale} />}
    </div>
  );
}

const dots = (parts: readonly (string | false | undefined)[]): string =>
  parts.filter((p) => typeof p === 'string' && p !== '').join(' · ');

function Identity({ warnings }: { readonly warnings: readonly string[] }) {
  const language = useLanguage();
  const t = useText();
  const study = useRoomState((s) => s.study);
  const shown = useRoomState((s) => s.shown);
  const { patient } = study;
  const name = formatName(patient.name, language).main || t.library.noName;
  const facts = [
    name,
    formatSex(patient.sex, language),
    formatAge(patient, study.date, language),
    patient.id,
  ];
  const label = shown?.kind === 'volume' ? shown.manifest.label : '';
  return (
    <div className={styles.top}>
      <p data-testid="patient-line">
        <bdi>{dots(facts)}</bdi>
      </p>
      <p data-testid="study-line">
        <bdi>
          {dots([
            formatDate(study.date) || t.library.noDate,
            shown?.series.description || study.description,
            label,
          ])}
        </bdi>
      </p>
      {warnings.map((line) => (
        <p key={line} className={styles.warning} data-testid="warning">
          ⚠ {line}
        </p>
      ))}
    </div>
  );
}

/** What cannot be trusted about the shown image, or why the one asked for is not shown; each once. */
function useWarnings(): readonly string[] {
  const language = useLanguage();
  const shown = useRoomState((s) => s.shown);
  const frameIndex = useRoomState((s) => s.frame?.index ?? 0);
  if (!shown) return [];
  const problem = shown.kind === 'frames' ? shown.stack.frames[frameIndex]?.problem : undefined;
  const own = shown.kind === 'volume' ? shown.manifest.warnings : shown.stack.warnings;
  const all: readonly Warning[] = [...(problem ? [problem] : []), ...own, ...shown.series.warnings];
  return [...new Set(all.map((w) => warningText(w, language)))].slice(0, 4);
}

function Letters({ edges }: { readonly edges: NonNullable<ViewFacts['edges']> }): ReactNode {
  const at = [
    ['left', edges.left],
    ['right', edges.right],
    ['head', edges.top],
    ['foot', edges.bottom],
  ] as const;
  return at.map(([place, letter]) => (
    <span key={place} className={classes(styles.letter, styles[place])} data-edge={place}>
      {letter}
    </span>
  ));
}

function SliceLines({
  kind,
  facts,
}: {
  readonly kind: View['kind'];
  readonly facts: ViewFacts | undefined;
}) {
  const t = useText();
  const window = useRoomState((s) => s.window);
  const frame = useRoomState((s) => s.frame);
  const frameCount = useRoomState((s) =>
    s.shown?.kind === 'frames' ? s.shown.stack.frames.length : 0,
  );
  // A colour has no window, and an image that is still to come may bring its own.
  const hasWindow = useRoomState(
    (s) => s.shown?.kind === 'volume' || shownImage(s)?.colour === false,
  );
  const slab = useCase((c) => c.view.slab);
  const slice = facts?.slice;
  const name = t.views[kind === 'frame' ? 'frames' : kind];
  if (kind === 'volume') return null;
  const isSlab = slab !== undefined && slab.mode !== 'none';
  return (
    <div className={styles.bottom}>
      {kind === 'frame' && frame?.shownIndex !== undefined && (
        <p className={styles.slice} data-testid="slice-frame">
          {t.views.slice(frame.shownIndex + 1, frameCount)}
        </p>
      )}
      {kind === 'frame' && facts && !facts.edges && (
        <p data-testid="no-orientation">{t.views.noOrientation}</p>
      )}
      {slice && (
        <>
          <p className={styles.slice} data-testid={`slice-${kind}`}>
            {slice.oblique ? `${name} · ${t.views.oblique}` : name}{' '}
            {t.views.slice(slice.index, slice.count)}
          </p>
          <p>
            {dots([
              t.views.position(formatMm(slice.positionMm)),
              isSlab
                ? t.views.slab(t.slab[slab.mode], formatMm(slice.thickness))
                : t.views.thickness(formatMm(slice.thickness)),
            ])}
          </p>
        </>
      )}
      {window && hasWindow && (
        <p>{t.tools.windowValue(formatValue(window.centre), formatValue(window.width))}</p>
      )}
    </div>
  );
}

function ScaleBar({ pixels, label }: { readonly pixels: number; readonly label: string }) {
  const t = useText();
  return (
    <div className={styles.scale} role="img" data-testid="scale" aria-label={t.views.scale(label)}>
      <span>{label}</span>
      <span className={styles.scaleBar} style={{ width: pixels }} />
    </div>
  );
}
