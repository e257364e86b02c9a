import { ChevronLeft, ChevronRight, Pause, Play } from 'lucide-react';
import { useState } from 'react';
import { useText } from '../i18n/index.ts';
import { Button, IconButton, MenuList, Popover, Slider } from '../ui/index.ts';
import styles from './ReadingRoom.module.css';
import { useRoom, useRoomState } from './room-context.ts';
import { ViewPane } from './ViewPane.tsx';

const rates = [1, 2, 5, 10, 15, 25, 30] as const;

/** Images that are no volume: one large view, a scrubber and cine. */
export function FramesView({
  isPhone,
  isBare,
}: {
  readonly isPhone: boolean;
  readonly isBare: boolean;
}) {
  return (
    <div className={styles.frames}>
      <div className={styles.grid} data-layout="single">
        <ViewPane kind="frame" isHidden={false} isPhone={isPhone} />
      </div>
      {!isBare && <Cine />}
    </div>
  );
}

function Cine() {
  const t = useText();
  const room = useRoom();
  const frame = useRoomState((s) => s.frame);
  const stack = useRoomState((s) => (s.shown?.kind === 'frames' ? s.shown.stack : undefined));
  const [rate, setRate] = useState<number>();
  if (!frame || !stack || stack.frames.length < 2) return null;
  const { frameSession: session } = room;
  const last = stack.frames.length - 1;
  const perSecond = rate ?? Math.round(stack.cineRate);
  // By hand: whoever follows the lead goes on alone from here.
  const show = (index: number) => {
    room.views.moved();
    session?.show(Math.min(last, Math.max(0, index)));
  };
  const play = () => {
    room.views.moved();
    if (frame.playing) session?.stop();
    else session?.play(perSecond);
  };
  return (
    <div className={styles.cine} data-testid="cine">
      <IconButton
        label={t.frames.previous}
        icon={<ChevronLeft />}
        data-testid="frame-previous"
        onClick={() => show(frame.index - 1)}
      />
      <Button icon={frame.playing ? <Pause /> : <Play />} data-testid="play" onClick={play}>
        {frame.playing ? t.frames.pause : t.frames.play}
      </Button>
      <IconButton
        label={t.frames.next}
        icon={<ChevronRight />}
        data-testid="frame-next"
        onClick={() => show(frame.index + 1)}
      />
      <Slider
        label={t.frames.scrub}
        min={1}
        max={last + 1}
        step={1}
        value={frame.index + 1}
        text={t.frames.frame(frame.index + 1, last + 1)}
        onChange={(n) => {
          session?.stop();
          show(n - 1);
        }}
      />
      <Popover
        label={t.frames.rate}
        button={{
          kind: 'quiet',
          children: t.frames.perSecond(perSecond),
          'aria-label': `${t.frames.rate}: ${t.frames.perSecond(perSecond)}`,
          'data-testid': 'cine-rate',
        }}
      >
        {(close) => (
          <MenuList
            title={t.frames.rate}
            onDone={close}
            items={rates.map((n) => ({
              key: `rate-${n}`,
              label: t.frames.perSecond(n),
              checked: n === perSecond,
              onSelect: () => {
                setRate(n);
                if (session?.playing) session.play(n);
              },
            }))}
          />
        )}
      </Popover>
    </div>
  );
}
