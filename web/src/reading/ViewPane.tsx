import { Maximize2, Minimize2 } from 'lucide-react';
import { type CSSProperties, useCallback, useEffect, useRef, useState } from 'react';
import { sentenceOf } from '../api/index.ts';
import type { View, ViewKind } from '../engine/index.ts';
import { useLanguage, useText } from '../i18n/index.ts';
import { type MarkEditor, MarksOverlay } from '../marks/index.ts';
import { ModelsOverlay } from '../models/index.ts';
import { attachPointers } from '../pointer/index.ts';
import { IconButton, Progress, useDisplay } from '../ui/index.ts';
import { Crosshair } from './Crosshair.tsx';
import { gesturesOf } from './gestures.ts';
import { isOthersTyping } from './islands/index.ts';
import { RoomCursors } from './Meeting.tsx';
import { useCase, useRoom, useRoomState } from './room-context.ts';
import { composeMark, groundOf, marksModel, placeOf } from './room-marks.ts';
import { isMarkTool } from './room-state.ts';
import { SliceSlider } from './SliceSlider.tsx';
import { structuresOf } from './targets.ts';
import { ViewInfo } from './ViewInfo.tsx';
import styles from './ViewPane.module.css';
import { FactsStore, useFacts } from './view-facts.ts';

export interface ViewPaneProps {
  readonly kind: ViewKind;
  readonly isHidden: boolean;
  readonly isPhone: boolean;
}

/** One picture with everything that lies on it. It stays mounted while hidden, so nothing is drawn anew. */
export function ViewPane({ kind, isHidden, isPhone }: ViewPaneProps) {
  const room = useRoom();
  const t = useText();
  const surface = useRef<HTMLDivElement>(null);
  const phone = useRef(isPhone);
  phone.current = isPhone;
  const [view, setView] = useState<View>();
  const [store, setStore] = useState<FactsStore>();
  const facts = useFacts(store);
  const layout = useCase((c) => c.view.layout ?? 'four');
  const isActive = useRoomState(
    (s) => s.activeView === kind && !s.presenting && kind !== 'frame' && layout === 'four',
  );

  useEffect(() => {
    const element = surface.current;
    if (!element) return;
    const attached = room.views.attach(element, kind);
    const itsFacts = new FactsStore(room, attached);
    const stopPointers = attachPointers(
      element,
      gesturesOf(room, attached, () => phone.current),
      {
        wheel: ({ steps, control, at }) => {
          room.state.set({ activeView: kind });
          if (control || kind === 'volume') {
            attached.zoom(1.1 ** -steps, at as Parameters<View['zoom']>[1]);
          } else attached.scroll(steps);
        },
        hover: (sample) => {
          room.models.hover(kind, sample && [sample.at[0], sample.at[1]]);
          if (sample) room.views.editor(kind)?.hover(sample);
        },
        isOthersTyping: (event) => isOthersTyping(room.islands, event),
      },
    );
    setView(attached);
    setStore(itsFacts);
    return () => {
      itsFacts.stop();
      stopPointers();
      setView(undefined);
      setStore(undefined);
      room.views.detach(attached);
    };
  }, [room, kind]);

  const name = t.views[kind === 'frame' ? 'frames' : kind];
  const isBig = layout === kind;
  return (
    <section
      className={styles.pane}
      style={{ visibility: isHidden ? 'hidden' : 'visible' }}
      aria-label={t.views.label(name)}
      aria-hidden={isHidden}
      data-view={kind}
      data-active={isActive && !isPhone}
      data-testid={`view-${kind}`}
    >
      <div
        ref={surface}
        className={styles.surface}
        tabIndex={isHidden ? -1 : 0}
        role="application"
        aria-label={t.views.label(name)}
        // Keys act on the view that has the focus, however it came there.
        onFocus={() => room.state.set({ activeView: kind })}
      />
      {view && kind !== 'frame' && <ModelsOverlay view={view} desk={room.models} />}
      {view && <Marks view={view} />}
      {view && <RoomCursors view={view} />}
      {/* Above what moves by itself: with the words it is one layer as large as the view, not two. */}
      {view && kind !== 'frame' && <Crosshair view={view} />}
      <ViewInfo kind={kind} facts={facts} />
      {view && facts?.slice && !isHidden && <SliceSlider view={view} slice={facts.slice} />}
      {kind === 'volume' && <Touched />}
      <div className={styles.corner}>
        <PreviewLabel isShort={isPhone} />
        {kind !== 'frame' && !isPhone && (
          <IconButton
            label={isBig ? t.layout.restore : `${t.layout.maximise}: ${name}`}
            icon={isBig ? <Minimize2 /> : <Maximize2 />}
            data-testid={`maximise-${kind}`}
            onClick={() => room.toggleMaximised(kind)}
          />
        )}
      </div>
      <Trouble kind={kind} isDrawn={facts !== undefined} />
    </section>
  );
}

function Marks({ view }: { readonly view: View }) {
  const room = useRoom();
  const language = useLanguage();
  const textSize = useDisplay().smallText + 1;
  const [model] = useState(() => marksModel(room));
  const selected = useRoomState((s) => s.selectedMark);
  useRoomState((s) => s.frame?.shownIndex);
  // The values of an image come with its pixels.
  useRoomState((s) => s.frame?.loaded);
  useRoomState((s) => s.replay);
  // Values of a volume come with its full level.
  useRoomState((s) => s.progress?.complete);
  const onEditor = useCallback(
    (editor: MarkEditor | undefined) => room.views.setEditor(view.kind, editor),
    [room, view.kind],
  );
  return (
    <MarksOverlay
      view={view}
      model={model}
      place={placeOf(room, view.kind)}
      handOf={(sample) => {
        const hand = room.hands.handOf(sample, view.kind);
        return { ...hand, tool: isMarkTool(hand.tool) ? hand.tool : undefined };
      }}
      live={room.hands.live}
      mayEdit={room.mayAnnotate}
      selected={selected}
      onSelect={(selectedMark) => room.state.set({ selectedMark })}
      compose={(kind, geometry, hand, place) => {
        const mark = composeMark(room, kind, geometry, hand, place);
        room.islands.made(hand.owner, mark.id);
        return mark;
      }}
      groundOf={(mark) => groundOf(room, mark)}
      language={language}
      textSize={textSize}
      onEditor={onEditor}
    />
  );
}

/** The coarse volume is the skeleton of the page; it says that it is one. */
function PreviewLabel({ isShort }: { readonly isShort: boolean }) {
  const t = useText();
  const progress = useRoomState((s) => s.progress);
  if (!progress?.preview || progress.shown === undefined) return null;
  const text =
    progress.complete || isShort
      ? t.views.preview
      : t.views.previewText(Math.floor(progress.fraction * 100));
  return (
    <span className={styles.preview} data-testid="preview">
      {text}
    </span>
  );
}

/** How long the name of a touched structure stays. */
const touchedMs = 5_000;

/** The structure that was just touched, by name. */
function Touched() {
  const language = useLanguage();
  const room = useRoom();
  const touched = useRoomState((s) => s.touched);
  useEffect(() => {
    if (touched === undefined) return;
    const timer = setTimeout(() => room.state.set({ touched: undefined }), touchedMs);
    return () => clearTimeout(timer);
  }, [room, touched]);
  const shown = useRoomState((s) => s.shown);
  const structure = structuresOf(shown).find((s) => s.key === touched);
  const colour = useCase((c) => (touched && c.looks[touched]?.colour) || structure?.colour);
  if (!structure) return null;
  return (
    <output className={styles.touched} data-testid="touched">
      <span className={styles.dot} style={{ '--dot': colour } as CSSProperties} />
      {structure.name[language]}
    </output>
  );
}

/** Why a view shows nothing, or less than it should. */
function Trouble({ kind, isDrawn }: { readonly kind: ViewKind; readonly isDrawn: boolean }) {
  const t = useText();
  const room = useRoom();
  const failure = useRoomState((s) => s.failure);
  const progress = useRoomState((s) => s.progress);
  const shown = useRoomState((s) => s.shown);
  const frame = useRoomState((s) => s.frame);
  if (failure !== undefined) {
    return (
      <div className={styles.message} role="alert">
        <strong>{t.reading.dataFailed}</strong>
        <p>{sentenceOf(failure)}</p>
      </div>
    );
  }
  if (kind === 'volume' && !room.engine.capabilities.volume) {
    return (
      <div className={styles.message} data-testid="no-3d">
        <strong>{t.volume.impossible}</strong>
        <p>{t.volume.noWebgl}</p>
        <p>{t.volume.impossibleText}</p>
      </div>
    );
  }
  if (shown?.kind === 'frames' && frame && frame.shownIndex === undefined) {
    const [n, count] = [frame.index + 1, shown.stack.frames.length];
    return (
      <div
        className={styles.message}
        data-testid="frame-message"
        {...(frame.failure && { role: 'alert' })}
      >
        {frame.failure ? (
          <>
            <strong>{t.frames.failed(n, count)}</strong>
            <p>{sentenceOf(frame.failure)}</p>
          </>
        ) : (
          <>
            <p>{t.frames.loading(n, count)}</p>
            <Progress label={t.frames.loading(n, count)} />
          </>
        )}
      </div>
    );
  }
  // The planes are there first; 3D follows when the graphics card is set up.
  const isComing = progress?.shown === undefined || (kind === 'volume' && !isDrawn);
  if (shown?.kind === 'volume' && isComing) {
    return (
      <div className={styles.message}>
        <Progress label={t.common.loading} value={progress?.fraction} />
      </div>
    );
  }
  return null;
}
