import { canvasPoint, cross, dot, type PatientPoint } from '@yuepian/geometry';
import type { View } from '../engine/index.ts';
import type { Pinch, PointerSample, PointerTarget, Stroke } from '../pointer/index.ts';
import type { Room } from './room.ts';
import { isMarkTool, volumeViews } from './room-state.ts';
import { isInside } from './targets.ts';

/** Bits of PointerEvent.buttons. */
const secondary = 2;
const middle = 4;
/** CSS pixels of a finger's drag for one slice. */
const slicePixels = 9;
/** A finger that went this far sideways, and mostly sideways, turns the page on a phone. */
const swipe = 70;

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
    if (sample.buttons & middle) return steps((dx, dy) => view.pan(dx, dy), sample);
    if (sample.buttons & secondary) {
      return steps((_dx, dy) => view.zoom(1.008 ** -dy, sample.at), sample);
    }
    const { tool } = room.state.get();
    const mark = room.views.editor(view.kind)?.begin(sample);
    if (mark) return mark;
    if (isMarkTool(tool) && !isVolume) return undefined;
    if (tool === 'window') return steps((dx, dy) => room.dragWindow(dx, dy), sample);
    if (isVolume) return steps((dx, dy) => view.orbit(dx, dy), sample);
    if (tool === 'rotate' && !isFrame) return turn(room, view, sample);
    if (isFrame || sample.role === 'finger') return fingerStroke(room, view, sample, isPhone);
    return locate(room, view, sample);
  };

  /** Rendering is coarser while something moves, and fine again at rest. */
  const steps = (move: (dx: number, dy: number) => void, first: PointerSample): Stroke => {
    let last = first.at;
    let isQuick = false;
    const settle = () => {
      if (isQuick) view.setQuality('still');
    };
    return {
      move: (s) => {
        if (!isQuick) view.setQuality('interactive');
        isQuick = true;
        move(s.at[0] - last[0], s.at[1] - last[1]);
        last = s.at;
      },
      end: settle,
      cancel: settle,
    };
  };

  return {
    begin,
    pinch: (pinch: Pinch) => {
      room.state.set({ activeView: view.kind });
      view.pan(pinch.dx, pinch.dy);
      if (pinch.fingers === 2) {
        view.zoom(pinch.scale, canvasPoint(...pinch.centre));
        if (isVolume) view.roll(pinch.turn);
      } else if (!isVolume) view.scroll(Math.round(pinch.dy / slicePixels));
    },
    tap: (sample, count) => {
      if (sample.buttons & (secondary | middle)) return;
      const { tool } = room.state.get();
      if (isMarkTool(tool) && !isVolume) return;
      if (room.views.editor(view.kind)?.hitAt(sample)) return;
      if (count === 2) room.toggleMaximised(view.kind);
      if (count === 1 && tool !== 'window') touch(room, view, sample);
    },
  };
}

/** A touch of anatomy brings every view there; a touch of empty space hides or shows all the rest. */
function touch(room: Room, view: View, sample: PointerSample): void {
  const { shown, presenting } = room.state.get();
  const hit = view.kind === 'frame' ? undefined : view.pick(sample.at);
  const isAnatomy =
    hit !== undefined &&
    shown?.kind === 'volume' &&
    (view.kind === 'volume' || isInside(shown, hit.point));
  if (isAnatomy) {
    room.state.set({ touched: hit.structureKey });
    if (view.kind === 'volume' || sample.role === 'finger') room.jumpTo(hit.point);
  } else if (view.kind !== 'frame' || presenting) {
    room.state.set({ presenting: !presenting });
  }
}

/** The crosshair follows the mouse. */
function locate(room: Room, view: View, first: PointerSample): Stroke {
  const go = (s: PointerSample): void => {
    const { shown } = room.state.get();
    const point = view.projection()?.toWorld(s.at);
    if (point && shown?.kind === 'volume' && isInside(shown, point)) room.jumpTo(point);
  };
  go(first);
  return { move: go, end: () => undefined, cancel: () => undefined };
}

/** One finger scrolls up and down; sideways it turns the page where only one view is shown. */
function fingerStroke(
  room: Room,
  view: View,
  first: PointerSample,
  isPhone: () => boolean,
): Stroke {
  let scrolled = 0;
  return {
    move: (s) => {
      const [dx, dy] = [s.at[0] - first.at[0], s.at[1] - first.at[1]];
      if (scrolled === 0 && Math.abs(dx) > Math.abs(dy)) return;
      const wanted = Math.trunc(dy / slicePixels);
      if (wanted !== scrolled) view.scroll(wanted - scrolled);
      scrolled = wanted;
    },
    end: (s) => {
      const [dx, dy] = [s.at[0] - first.at[0], s.at[1] - first.at[1]];
      const isSwipe = scrolled === 0 && Math.abs(dx) > swipe && Math.abs(dx) > 2 * Math.abs(dy);
      if (isSwipe && isPhone()) turnPage(room, dx < 0 ? 1 : -1);
    },
    cancel: () => undefined,
  };
}

/** The next or previous view of a phone. */
export function turnPage(room: Room, by: 1 | -1): void {
  const now = volumeViews.indexOf(room.state.get().phoneView);
  const next = volumeViews[(now + by + volumeViews.length) % volumeViews.length];
  if (next) room.state.set({ phoneView: next });
}

/**
 * Turns the crosshair of this view: the planes its lines stand for follow. Each turns about this
 * view's line of sight, which is the nearer of its own two in-plane axes.
 */
function turn(room: Room, view: View, first: PointerSample): Stroke {
  let last = first.at;
  return {
    move: (s) => {
      const p = view.projection();
      const centre = room.engine.crosshair;
      if (!p || !centre) return;
      const c = p.toCanvas(centre);
      const angleOf = (at: readonly [number, number]) => Math.atan2(at[1] - c[1], at[0] - c[0]);
      const delta = angleOf(s.at) - angleOf(last);
      last = s.at;
      turnOthers(room, view, (Math.atan2(Math.sin(delta), Math.cos(delta)) * 180) / Math.PI);
    },
    end: () => undefined,
    cancel: () => undefined,
  };
}

/** @param degrees clockwise on the screen of `view`. */
export function turnOthers(room: Room, view: View, degrees: number): void {
  const p = view.projection();
  if (!p) return;
  for (const other of room.views.otherPlanes(view.kind)) {
    const q = other.projection();
    if (!q) continue;
    const [up, right] = [dot(q.plane.up, p.plane.normal), dot(q.plane.right, p.plane.normal)];
    const axis = Math.abs(up) >= Math.abs(right) ? 'up' : 'right';
    const sign = Math.sign(axis === 'up' ? up : right);
    // Clockwise for the viewer is a negative turn about the axis that points at the viewer.
    other.rotateOblique(axis, -sign * degrees);
  }
  room.views.geometryChanged();
}

/** Direction on the screen of a view along which another plane cuts it; undefined when parallel. */
export function cutDirection(
  view: View,
  other: View,
  at: PatientPoint,
): readonly [number, number] | undefined {
  const [p, q] = [view.projection(), other.projection()];
  if (!p || !q) return undefined;
  const line = cross(p.plane.normal, q.plane.normal);
  if (Math.hypot(...line) < 1e-3) return undefined;
  const a = p.toCanvas(at);
  const m = p.worldToCanvas;
  const dx = m[0] * line[0] + m[1] * line[1] + m[2] * line[2];
  const dy = m[4] * line[0] + m[5] * line[1] + m[6] * line[2];
  const length = Math.hypot(dx, dy);
  return length > 0 && Number.isFinite(a[0]) ? [dx / length, dy / length] : undefined;
}
