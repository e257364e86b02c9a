import { canvasPoint } from '@yuepian/geometry';
import type { View } from '../engine/index.ts';
import type { Pinch, PointerSample, PointerTarget, Stroke } from '../pointer/index.ts';
import type { Room } from './room.ts';
import { isMarkTool, type Tool } from './room-state.ts';
import { erase } from './strokes/erase.ts';
import { fingerStroke, slicePixels } from './strokes/finger.ts';
import { handSpan, palmSpan } from './strokes/hand-size.ts';
import { locate } from './strokes/locate.ts';
import { spin, Twist } from './strokes/spin.ts';
import { steps } from './strokes/steps.ts';
import { touch } from './strokes/touch.ts';
import { turn } from './strokes/turn.ts';

/** Bits of PointerEvent.buttons. */
const secondary = 2;
const middle = 4;

type ToolStroke = (room: Room, view: View, first: PointerSample) => Stroke | undefined;

const dragWindow: ToolStroke = (room, view, first) =>
  steps(view, first, (dx, dy) => room.dragWindow(dx, dy));

/** What a tool of the hand does on planes and frames. A new one is a file in strokes/ and a line here. */
const onPlanes: Partial<Record<Tool, ToolStroke>> = {
  window: dragWindow,
  rotate: (room, view, first) => (view.kind === 'frame' ? undefined : turn(room, view, first)),
};

/** The same in 3D, where every other tool turns the camera. */
const onVolume: Partial<Record<Tool, ToolStroke>> = { window: dragWindow };

/**
 * What hands do on a view. Marks come first: a measuring tool, or an existing mark under the pointer.
 * Then the tool; and whatever the tool, the right button zooms, the middle one moves the image and
 * two fingers do both. Every one of these also has a button (see Bar).
 */
export function gesturesOf(room: Room, view: View, isPhone: () => boolean): PointerTarget {
  const isVolume = view.kind === 'volume';
  const isFrame = view.kind === 'frame';

  const begin = (sample: PointerSample): Stroke | undefined => {
    room.state.set({ activeView: view.kind });
    if (sample.buttons & middle) return steps(view, sample, (dx, dy) => view.pan(dx, dy));
    if (sample.buttons & secondary) {
      return steps(view, sample, (_dx, dy) => view.zoom(1.008 ** -dy, sample.at));
    }
    const { tool, mayMark } = room.hands.handOf(sample, view.kind);
    const isTaken = (tool === 'edit' || !room.islands.isOut) && room.mayAnnotate;
    const edit = mayMark && !isFrame ? room.models.begin(view, sample, isTaken) : undefined;
    if (edit) return edit;
    if (tool === 'eraser') return erase(room, view, sample);
    const mark = mayMark ? room.views.editor(view.kind)?.begin(sample) : undefined;
    if (mark) return mark;
    if (isMarkTool(tool) && !isVolume && mayMark) return undefined;
    const stroke = (isVolume ? onVolume : onPlanes)[tool]?.(room, view, sample);
    if (stroke) return stroke;
    if (isVolume) return steps(view, sample, (dx, dy) => view.orbit(dx, dy));
    if (isFrame || sample.role === 'finger') return fingerStroke(room, view, sample, isPhone);
    return locate(room, view, sample);
  };

  /** What three fingers moved and has not become a slice yet: each report is a fraction of one. */
  let rest = 0;
  const twist = new Twist();
  const pinch = ({ fingers, dx, dy, scale, centre, turn: degrees }: Pinch): void => {
    room.state.set({ activeView: view.kind });
    if (fingers >= 3 && !isVolume) {
      rest += dy;
      const steps = Math.trunc(rest / slicePixels);
      rest -= steps * slicePixels;
      if (steps !== 0) view.scroll(steps);
      return;
    }
    rest = 0;
    view.pan(dx, dy);
    view.zoom(scale, canvasPoint(...centre));
    if (isVolume) view.roll(degrees);
    else spin(view, twist.add(degrees), canvasPoint(...centre));
  };

  return {
    begin,
    pinch,
    pinchEnd: () => {
      rest = 0;
      twist.end();
    },
    handSpan,
    palmSpan,
    tap: (sample, count) => {
      if (sample.buttons & (secondary | middle)) return;
      const { tool, mayMark } = room.hands.handOf(sample, view.kind);
      if (tool === 'edit' || tool === 'eraser' || (isMarkTool(tool) && mayMark)) return;
      if (mayMark && room.views.editor(view.kind)?.hitAt(sample)) return;
      if (count === 2) room.toggleMaximised(view.kind);
      if (count === 1 && tool !== 'window') touch(room, view, sample);
    },
  };
}
