import type { MarkId } from '@yuepian/contract';
import { Copy, Pause, Play, RotateCcw, X } from 'lucide-react';
import { useState } from 'react';
import { sentenceOf } from '../api/index.ts';
import { type Replay, replaySpeeds } from '../case/index.ts';
import { useLanguage, useText } from '../i18n/index.ts';
import {
  Button,
  classes,
  Dialog,
  DialogActions,
  IconButton,
  MenuList,
  Popover,
  Problem,
  Slider,
  TextField,
  useStore,
} from '../ui/index.ts';
import { Births } from './Births.tsx';
import styles from './Meeting.module.css';
import { formatMoment, formatStretch } from './time.ts';

export interface ReplayBarProps {
  readonly replay: Replay;
  readonly mayCopy: boolean;
  readonly onExit: () => void;
  /** After the replay has gone to the moment a mark appeared. */
  readonly onBirth: (id: MarkId) => void;
  /** The view of whoever led then. */
  readonly onBackToView: () => void;
  /** Makes the copy and opens it. */
  readonly onContinue: (title: string) => Promise<void>;
}

/** Plays a past stretch of the case: pause, scrub, jump to where a mark appeared, go on from there. */
export function ReplayBar(props: ReplayBarProps) {
  const { replay, mayCopy, onExit, onBirth, onBackToView, onContinue } = props;
  const t = useText();
  const language = useLanguage();
  const [isAsking, setAsking] = useState(false);
  const { isPlaying, speed, position, duration, at, document, leadUserId } = useStore(
    replay.state,
    (s) => s,
  );
  const marks = document.content.marks.length;
  const leader = leadUserId ? replay.names[leadUserId] : undefined;
  return (
    <section className={styles.replay} aria-label={t.meeting.replay} data-testid="replay">
      <strong className={styles.past}>{t.meeting.replay}</strong>
      <IconButton
        label={isPlaying ? t.meeting.pause : t.meeting.play}
        icon={isPlaying ? <Pause /> : <Play />}
        kind="primary"
        data-testid="replay-play"
        onClick={() => (isPlaying ? replay.pause() : replay.play())}
      />
      <div className={styles.track}>
        <Slider
          label={t.meeting.time}
          value={position}
          min={0}
          max={Math.max(1, duration)}
          step={1}
          text={`${formatStretch(position)} / ${formatStretch(duration)}`}
          showText={false}
          onChange={(to) => replay.seek(to)}
        />
        <Births
          replay={replay}
          duration={duration}
          onJump={(id) => {
            replay.pause();
            if (replay.jumpToBirth(id)) onBirth(id);
          }}
        />
      </div>
      <p className={styles.moment}>
        <span data-testid="replay-at">{formatMoment(at, language)}</span>
        <span className={styles.quiet}>
          {[leader && t.meeting.leads(leader), t.meeting.marksThen(marks)]
            .filter((s) => s)
            .join(' · ')}
        </span>
      </p>
      <Popover
        label={t.meeting.speed}
        button={{
          kind: 'quiet',
          className: classes(styles.speed),
          children: t.meeting.speedValue(speed),
          'aria-label': `${t.meeting.speed}: ${t.meeting.speedValue(speed)}`,
          'data-testid': 'replay-speed',
        }}
      >
        {(close) => (
          <MenuList
            title={t.meeting.speed}
            onDone={close}
            items={replaySpeeds.map((x) => ({
              key: `speed-${x}`,
              label: t.meeting.speedValue(x),
              checked: x === speed,
              onSelect: () => replay.setSpeed(x),
            }))}
          />
        )}
      </Popover>
      {leader && !isPlaying && (
        <Button kind="quiet" icon={<RotateCcw />} data-testid="replay-view" onClick={onBackToView}>
          {t.meeting.backToView}
        </Button>
      )}
      {mayCopy && (
        <Button
          icon={<Copy />}
          data-testid="replay-copy"
          onClick={() => {
            replay.pause();
            setAsking(true);
          }}
        >
          {t.meeting.continueHere}
        </Button>
      )}
      <Button
        kind="quiet"
        className={classes(styles.exit)}
        icon={<X />}
        data-testid="replay-exit"
        onClick={onExit}
      >
        <span className={styles.exitWord}>{t.meeting.exitReplay}</span>
      </Button>
      {isAsking && (
        <CopyDialog
          name={t.meeting.copyOf(formatMoment(at, language))}
          onClose={() => setAsking(false)}
          onContinue={onContinue}
        />
      )}
    </section>
  );
}

function CopyDialog({
  name,
  onClose,
  onContinue,
}: {
  readonly name: string;
  readonly onClose: () => void;
  readonly onContinue: (title: string) => Promise<void>;
}) {
  const t = useText();
  const [title, setTitle] = useState(name);
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const create = async (): Promise<void> => {
    setBusy(true);
    try {
      await onContinue(title.trim());
      onClose();
    } catch (error) {
      setProblem(sentenceOf(error));
      setBusy(false);
    }
  };
  return (
    <Dialog title={t.meeting.continueHere} closeLabel={t.common.close} onClose={onClose}>
      <form
        className={styles.form}
        onSubmit={(e) => {
          e.preventDefault();
          void create();
        }}
      >
        <p>{t.meeting.continueText}</p>
        <TextField
          label={t.meeting.copyName}
          value={title}
          maxLength={200}
          required
          data-testid="copy-name"
          onChange={(e) => setTitle(e.currentTarget.value)}
        />
        {problem && <Problem>{problem}</Problem>}
        <DialogActions>
          <Button onClick={onClose}>{t.common.cancel}</Button>
          <Button
            type="submit"
            kind="primary"
            disabled={isBusy || title.trim() === ''}
            data-testid="copy-create"
          >
            {t.meeting.create}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
