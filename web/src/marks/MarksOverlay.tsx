import type { Language, Mark, MarkId, MarkKind } from '@yuepian/contract';
import { type CSSProperties, useEffect, useRef, useState } from 'react';
import type { Projection, View } from '../engine/index.ts';
import type { PointerSample } from '../pointer/index.ts';
import { MarkPainter } from './draw.ts';
import { type Hand, MarkEditor, type MarkGeometry } from './editor.ts';
import type { Hit } from './hit.ts';
import { MarkLayer } from './layer.ts';
import type { LiveInk } from './live.ts';
import { toCanvas } from './projection.ts';
import type { Point } from './shape.ts';
import type { MarksPlace } from './shown.ts';
import { TextField } from './TextField.tsx';
import type { MeasuringGround } from './values.ts';
import { fit, WetCanvas } from './wet-canvas.ts';

/** What the overlay reads and changes; the reading room provides it from the case document. */
export interface MarksModel {
  /** In the order they are drawn; the same array while nothing changed. */
  list(): readonly Mark[];
  subscribe(listener: () => void): () => void;
  add(mark: Mark): void;
  change(id: MarkId, patch: Partial<Pick<Mark, 'points' | 'plane' | 'label'>>): void;
}

export interface MarksOverlayProps {
  readonly view: View;
  readonly model: MarksModel;
  readonly place: MarksPlace | undefined;
  readonly handOf: (sample: PointerSample) => Hand;
  readonly mayEdit: boolean;
  readonly selected: MarkId | undefined;
  readonly onSelect: (id: MarkId | undefined) => void;
  readonly compose: (kind: MarkKind, geometry: MarkGeometry, hand: Hand, place: MarksPlace) => Mark;
  readonly groundOf: (mark: Mark) => MeasuringGround;
  readonly language: Language;
  readonly textSize: number;
  readonly live: LiveInk;
  /** Gives the view's pointer layer this view's editor; called again with undefined at the end. */
  readonly onEditor: (editor: MarkEditor | undefined) => void;
}

/** A text whose words are still to come, and who writes them. */
interface Asked {
  readonly mark: Mark;
  readonly owner: string;
}

const cover: CSSProperties = {
  position: 'absolute',
  inset: 0,
  width: '100%',
  height: '100%',
  pointerEvents: 'none',
};

/** Wet ink takes the room it needs. */
const hidden: CSSProperties = { position: 'absolute', display: 'none', pointerEvents: 'none' };

/**
 * Two canvases over a view: the marks, drawn anew when a frame shows something else, and the ink that
 * is still wet.
 */
export function MarksOverlay(props: MarksOverlayProps): React.JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const wetCanvas = useRef<HTMLCanvasElement>(null);
  const latest = useRef(props);
  const redraw = useRef<() => void>(() => undefined);
  const [asked, setAsked] = useState<readonly Asked[]>([]);
  /** Ends the text that somebody writes. */
  const ends = useRef(new Map<string, () => void>());
  latest.current = props;
  const { view, model, live, onEditor } = props;

  useEffect(() => {
    const [dryElement, wetElement] = [canvas.current, wetCanvas.current];
    const context = dryElement?.getContext('2d');
    if (!dryElement || !wetElement || !context) return;
    const layer = new MarkLayer();
    const painter = new MarkPainter();
    const wet = new WetCanvas({
      canvas: wetElement,
      projection: () => view.projection(),
      place: () => latest.current.place,
      isMark: (id) => model.list().some((m) => m.id === id),
      live,
    });
    const hit = (at: Point, reach: number): Hit | undefined => {
      const p = view.projection();
      if (!p) return undefined;
      layer.update(model.list(), latest.current.place, p);
      return layer.hit(at, reach) ?? hitLabel(painter.labelBoxes, at, layer.shift);
    };
    const editor = new MarkEditor({
      projection: () => view.projection(),
      place: () => latest.current.place,
      hit,
      markOf: (id) => model.list().find((m) => m.id === id),
      hand: (sample) => latest.current.handOf(sample),
      mayEdit: () => latest.current.mayEdit,
      ...(view.kind === 'volume' && {
        pick: ([x, y]: Point) => view.pick([x, y] as unknown as Parameters<View['pick']>[0]),
      }),
      compose: (kind, geometry, hand) => {
        const { place, compose } = latest.current;
        if (!place) throw new Error('a mark needs a shown image');
        return compose(kind, geometry, hand, place);
      },
      commit: (mark) => model.add(mark),
      change: (id, patch) => model.change(id, patch),
      select: (id) => latest.current.onSelect(id),
      askText: (mark, owner) => setAsked((all) => [...all, { mark, owner }]),
      endText: (owner) => ends.current.get(owner)?.(),
      wet,
      redraw: () => draw(),
    });
    let drawn = '';
    const draw = (p: Projection | undefined = view.projection(), onlyIfChanged = false): void => {
      if (!p) {
        context.clearRect(0, 0, dryElement.width, dryElement.height);
        drawn = '';
        wet.paint();
        return;
      }
      const now = latest.current;
      const visible = layer.update(model.list(), now.place, p);
      const isNew = fit(dryElement, context, p);
      // Places in space look different on each slice; everything else stays while only the slice goes.
      const depth = visible.some((v) => isInSpace(v.mark)) ? p.plane.point.join() : '';
      const key = `${layer.revision} ${layer.shift[0]} ${layer.shift[1]} ${depth}`;
      if (!onlyIfChanged || isNew || key !== drawn) {
        drawn = key;
        const [drafts, { cursor }] = [editor.drafts(p), editor];
        // An empty canvas costs as much to show as a full one.
        const isBlank = visible.length === 0 && drafts.length === 0 && !cursor;
        dryElement.style.display = isBlank ? 'none' : 'block';
        painter.draw(context, p, {
          visible,
          revision: layer.revision,
          map: layer.map,
          shift: layer.shift,
          drafts,
          selected: now.selected,
          language: now.language,
          groundOf: now.groundOf,
          isBrief: view.kind === 'volume',
          textSize: now.textSize,
          cursor,
        });
      }
      wet.paint();
    };
    redraw.current = () => draw();
    const stops = [
      view.onRendered((p) => draw(p, !editor.isDrafting)),
      model.subscribe(() => draw()),
    ];
    onEditor(editor);
    draw();
    return () => {
      for (const stop of stops) stop();
      wet.close();
      onEditor(undefined);
      redraw.current = () => undefined;
    };
  }, [view, model, live, onEditor]);

  // Whatever else changed (selection, language, full level arrived): draw what is there again.
  useEffect(() => redraw.current());

  return (
    <>
      <canvas ref={canvas} data-testid={`marks-${view.kind}`} style={cover} />
      <canvas ref={wetCanvas} data-testid={`wet-${view.kind}`} style={hidden} />
      {asked.map(({ mark, owner }) => (
        <TextField
          key={mark.id}
          at={placeOf(view, mark)}
          textSize={props.textSize}
          colour={mark.colour}
          owner={owner}
          ends={ends.current}
          onDone={(label) => {
            setAsked((all) => all.filter((a) => a.mark !== mark));
            if (label === '') return;
            model.add({ ...mark, label });
            props.onSelect(mark.id);
          }}
        />
      ))}
    </>
  );
}

const isInSpace = (mark: Mark): boolean => mark.kind === 'distance' || mark.kind === 'surfaceLine';

function placeOf(view: View, mark: Mark): Point {
  const p = view.projection();
  const [first] = mark.points;
  return p && first ? toCanvas(p, first) : [0, 0];
}

function hitLabel(
  boxes: ReadonlyMap<MarkId, readonly [number, number, number, number]>,
  at: Point,
  shift: Point,
): Hit | undefined {
  const [x, y] = [at[0] - shift[0], at[1] - shift[1]];
  for (const [id, box] of boxes) {
    if (x >= box[0] && x <= box[2] && y >= box[1] && y <= box[3]) return { id, handle: undefined };
  }
  return undefined;
}
