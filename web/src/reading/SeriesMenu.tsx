import type { SeriesDetail } from '@yuepian/contract';
import { ChevronDown, FileText, ImageOff } from 'lucide-react';
import { useState } from 'react';
import { type Dictionary, useText } from '../i18n/index.ts';
import { Button, classes, Popover } from '../ui/index.ts';
import styles from './ReadingRoom.module.css';
import { useRoom, useRoomState } from './room-context.ts';
import type { Shown } from './room-state.ts';
import { targetId, targetsOf } from './targets.ts';

/** The series of the study; those that cannot be shown say why. */
export function SeriesMenu() {
  const t = useText();
  const shown = useRoomState((s) => s.shown);
  const study = useRoomState((s) => s.study);
  const room = useRoom();
  if (!shown) return null;
  const label = shown.kind === 'volume' ? shown.manifest.label : '';
  const name = shown.series.description || study.description || seriesName(shown.series, t);
  return (
    <div className={styles.study}>
      <Popover
        label={t.series.choose}
        button={{
          kind: 'quiet',
          'aria-label': `${t.series.choose}: ${name}`,
          'data-testid': 'series-menu',
          children: (
            <>
              <span className={styles.chip}>{shown.series.modality}</span>
              <bdi className={styles.seriesName}>{label ? `${name} · ${label}` : name}</bdi>
              <ChevronDown />
            </>
          ),
        }}
      >
        {(close) =>
          inOrder(study.series).map((series) => (
            <SeriesEntry
              key={series.seriesInstanceUid}
              series={series}
              current={targetId(shown)}
              onChoose={(target) => {
                room.choose(target);
                close();
              }}
            />
          ))
        }
      </Popover>
    </div>
  );
}

function SeriesEntry({
  series,
  current,
  onChoose,
}: {
  readonly series: SeriesDetail;
  readonly current: string;
  readonly onChoose: (target: Shown) => void;
}) {
  const t = useText();
  const targets = targetsOf(series);
  const name = seriesName(series, t);
  if (targets.length === 0) {
    const why =
      series.modality === 'SEG'
        ? t.series.segmentation
        : {
            preparing: t.series.preparing,
            document: t.series.document,
            undisplayable: t.series.undisplayable,
            volume: t.series.undisplayable,
            frames: t.series.undisplayable,
          }[series.kind];
    return (
      <Button kind="quiet" className={classes(styles.seriesItem)} disabled>
        <SeriesPicture series={series} />
        <span className={styles.seriesText}>
          <bdi>{name}</bdi>
          <span className={styles.quiet}>{why}</span>
        </span>
        <span className={styles.chip}>{series.modality}</span>
      </Button>
    );
  }
  return targets.map((target) => {
    const label = target.kind === 'volume' ? target.manifest.label : '';
    const count = target.kind === 'volume' ? target.manifest.size[2] : target.stack.frames.length;
    const kind = target.kind === 'volume' ? t.series.volume : t.series.frames;
    return (
      <Button
        key={targetId(target)}
        kind="quiet"
        className={classes(styles.seriesItem)}
        pressed={targetId(target) === current}
        data-testid={`series-${targetId(target)}`}
        onClick={() => onChoose(target)}
      >
        <SeriesPicture series={series} target={target} />
        <span className={styles.seriesText}>
          <bdi>{label ? `${name} · ${label}` : name}</bdi>
          <span className={styles.quiet}>{`${kind} · ${t.series.count(count)}`}</span>
        </span>
        <span className={styles.chip}>{series.modality}</span>
      </Button>
    );
  });
}

/** What can be looked at comes first; reports and segmentations say below why they cannot. */
const inOrder = (series: readonly SeriesDetail[]): readonly SeriesDetail[] => [
  ...series.filter((s) => targetsOf(s).length > 0),
  ...series.filter((s) => targetsOf(s).length === 0),
];

/** A picture of what would be shown; an icon where there is none. */
function SeriesPicture({
  series,
  target,
}: {
  readonly series: SeriesDetail;
  readonly target?: Shown;
}) {
  const [isMissing, setMissing] = useState(false);
  const url = target && pictureOf(target);
  return (
    <span className={styles.seriesPicture}>
      {url && !isMissing ? (
        <img src={url} alt="" loading="lazy" decoding="async" onError={() => setMissing(true)} />
      ) : series.kind === 'document' ? (
        <FileText aria-hidden="true" />
      ) : (
        <ImageOff aria-hidden="true" />
      )}
    </span>
  );
}

/** A volume has its own picture. That of a series without volumes is of its frames. */
function pictureOf(target: Shown): string | undefined {
  if (target.kind === 'frames') {
    return target.series.volumes.length === 0 ? target.series.thumbnailUrl : undefined;
  }
  const { id, revision } = target.manifest;
  return `/api/volumes/${id}/thumbnail${revision === undefined ? '' : `?r=${revision}`}`;
}

const seriesName = (series: SeriesDetail, t: Dictionary): string =>
  series.description ||
  (series.number === undefined ? t.series.title : t.series.number(series.number));
