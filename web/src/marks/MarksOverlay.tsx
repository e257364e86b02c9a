import type { Language, Mark, MarkId, MarkKind } from '@yuepian/contract';
import type { Vec3 } from '@yuepian/geometry';
import { useEffect, useRef } from 'react';
import type { Projection, View } from '../engine/index.ts';
import { drawMarks } from './draw.ts';
import { MarkEditor } from './editor.ts';
import { type MarksPlace, shownIn } from './shown.ts';
import type { MeasuringGround } from './values.ts';

/** What the overlay reads and changes; the reading room provides it from the case document. */
export interface MarksModel {
  list(): Iterable<Mark>;
  subscribe(listener: () => void): () => void;
  add(mark: Mark): void;
  setPoints(id: MarkId, points: readonly Vec3[]): void;
}

export interface MarksOverlayProps {
  readonly view: View;
  readonly model: MarksModel;
  readonly place: MarksPlace | undefined;
  readonly tool: MarkKind | undefined;
  readonly mayEdit: boolean;
  readonly selected: MarkId | undefined;
  readonly onSelect: (id: MarkId | undefined) => void;
  readonly compose: (
    kind: MarkKind,
    points: readonly Vec3[],
    plane: Mark['plane'],
    place: MarksPlace,
  ) => Mark;
  readonly groundOf: (mark: Mark) => MeasuringGround;
  readonly isLoading: boolean;
  readonly language: Language;
  readonly textSize: number;
  /** Gives the view's pointer layer this view's editor; called again with undefined at the end. */
  readonly onEditor: (editor: MarkEditor | undefined) => void;
}

/** One 2D canvas over a view: all marks, drawn anew with the projection of each frame. */
export function MarksOverlay(props: MarksOverlayProps): React.JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const latest = useRef(props);
  const redraw = useRef<() => void>(() => undefined);
  latest.current = props;
  const { view, model, onEditor } = props;

  useEffect(() => {
    const shown = (p: Projection): Mark[] => {
      const { place } = latest.current;
      return place ? shownIn(place, p, model.list()) : [];
    };
    const editor = new MarkEditor({
      projection: () => view.projection(),
      shown: () => {
        const p = view.projection();
        return p ? shown(p) : [];
      },
      tool: () => (view.kind === 'volume' ? undefined : latest.current.tool),
      mayEdit: () => latest.current.mayEdit && view.kind !== 'volume',
      compose: (kind, points, plane) => {
        const { place, compose } = latest.current;
        if (!place) throw new Error('a mark needs a shown image');
        return compose(kind, points, plane, place);
      },
      commit: (mark) => model.add(mark),
      change: (id, points) => model.setPoints(id, points),
      select: (id) => latest.current.onSelect(id),
      redraw: () => redraw.current(),
    });
    const draw = (p: Projection | undefined = view.projection()): void => {
      const context = canvas.current && prepare(canvas.current, p);
      if (!context || !p) return;
      const drafts = editor.drafts();
      const edited = new Set(drafts.map((m) => m.id));
      const now = latest.current;
      drawMarks(context, p, {
        marks: shown(p).filter((m) => !edited.has(m.id)),
        drafts,
        selected: now.selected,
        hovered: undefined,
        language: now.language,
        groundOf: now.groundOf,
        isLoading: now.isLoading,
        isBrief: view.kind === 'volume',
        textSize: now.textSize,
      });
    };
    redraw.current = () => draw();
    const stops = [view.onRendered(draw), model.subscribe(() => draw())];
    onEditor(editor);
    draw();
    return () => {
      for (const stop of stops) stop();
      onEditor(undefined);
      redraw.current = () => undefined;
    };
  }, [view, model, onEditor]);

  // Whatever else changed (selection, language, full level arrived): draw what is there again.
  useEffect(() => redraw.current());

  return (
    <canvas
      ref={canvas}
      data-testid={`marks-${view.kind}`}
      style={{
        position: 'absolute',
        inset: 0,
        width: '100%',
        height: '100%',
        pointerEvents: 'none',
      }}
    />
  );
}

/** The canvas in device pixels, its context in CSS pixels. */
function prepare(
  canvas: HTMLCanvasElement,
  p: Projection | undefined,
): CanvasRenderingContext2D | null {
  const context = canvas.getContext('2d');
  if (!p || !context) {
    context?.clearRect(0, 0, canvas.width, canvas.height);
    return null;
  }
  const [width, height] = [
    Math.round(p.size[0] * p.devicePixelRatio),
    Math.round(p.size[1] * p.devicePixelRatio),
  ];
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  context.setTransform(p.devicePixelRatio, 0, 0, p.devicePixelRatio, 0, 0);
  return context;
}
