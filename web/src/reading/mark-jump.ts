import type { Mark } from '@yuepian/contract';
import { canvasPoint, dot, patientPoint, patientVector } from '@yuepian/geometry';
import type { View } from '../engine/index.ts';
import { isInPlace, middleOf } from '../marks/index.ts';
import type { Room } from './room.ts';
import { composeMark, placeOf } from './room-marks.ts';
import type { Shown } from './room-state.ts';
import { targetId, targetsOf } from './targets.ts';
import { windowFor } from './windows.ts';

/** Planes that differ by less than a degree show the same. */
const sameDirection = Math.cos(Math.PI / 180);

/** What of the study a mark lies in; undefined when it is gone. */
export function targetOf(room: Room, mark: Mark): Shown | undefined {
  const { study, shown } = room.state.get();
  const targets = study.series.flatMap(targetsOf);
  const { frame, volumeId, frameOfReferenceUid } = mark;
  if (frame) {
    return targets.find(
      (s) =>
        s.kind === 'frames' &&
        s.stack.frames.some((f) => f.sopInstanceUid === frame.sopInstanceUid),
    );
  }
  const volumes = targets.filter(
    (s) => s.kind === 'volume' && s.manifest.frameOfReferenceUid === frameOfReferenceUid,
  );
  // Another series of the same frame of reference shows the same place; no need to change over.
  const isKeyImage = mark.kind === 'keyImage';
  const here = volumes.find((s) => shown && targetId(s) === targetId(shown));
  const own = volumes.find((s) => targetId(s) === volumeId);
  return (isKeyImage ? own : here) ?? own ?? volumes[0];
}

/**
 * Shows a mark: its series, its slice in every plane, and what a key image was taken of.
 * @returns false when its series is no longer there.
 */
export function goToMark(room: Room, mark: Mark): boolean {
  const target = targetOf(room, mark);
  if (!target) return false;
  room.choose(target);
  if (mark.frame && target.kind === 'frames') {
    const { sopInstanceUid, frame } = mark.frame;
    const index = target.stack.frames.findIndex(
      (f) => f.sopInstanceUid === sopInstanceUid && f.frame === frame,
    );
    room.views.moved();
    if (index >= 0) room.frameSession?.show(index);
  } else {
    room.jumpTo(patientPoint(...middleOf(mark)));
    turnTo(room, mark);
  }
  const { keyImage } = mark;
  if (keyImage?.window) room.setWindow(windowFor(target, keyImage.window));
  if (keyImage?.camera) room.views.get(keyImage.view)?.setCamera(keyImage.camera);
  room.state.set({ selectedMark: mark.id });
  return true;
}

/** A mark on an oblique plane shows only on that plane: the view nearest to it turns there. */
function turnTo(room: Room, mark: Mark): void {
  if (mark.kind === 'keyImage' || mark.kind === 'point' || mark.kind === 'distance') return;
  if (mark.kind === 'surfacePoint' || mark.kind === 'surfaceLine') return;
  const normal = patientVector(...mark.plane.normal);
  let nearest: { view: View; cosine: number } | undefined;
  for (const view of room.views.all()) {
    const p = view.kind === 'volume' || view.kind === 'frame' ? undefined : view.projection();
    if (!p) continue;
    const cosine = Math.abs(dot(p.plane.normal, normal));
    if (!nearest || cosine > nearest.cosine) nearest = { view, cosine };
  }
  if (!nearest || nearest.cosine > sameDirection) return;
  const camera = nearest.view.camera();
  if (!camera) return;
  const side = dot(camera.normal, normal) < 0 ? -1 : 1;
  const turned = normal.map((x) => x * side) as [number, number, number];
  nearest.view.setCamera({ ...camera, centre: mark.plane.point, normal: turned });
  room.views.geometryChanged();
}

/** Keeps what the active view shows now, to come back to. @returns whether there was anything to keep */
export function takeKeyImage(room: Room): boolean {
  const view = room.activeView;
  const p = view?.projection();
  const place = view && placeOf(room, view.kind);
  if (!view || !p || !place) return false;
  const camera = view.camera();
  const middle = p.toWorld(canvasPoint(p.size[0] / 2, p.size[1] / 2));
  const point: [number, number, number] = [middle[0], middle[1], middle[2]];
  const { normal } = p.plane;
  const { centre, width } = room.engine.window;
  const mark = composeMark(
    room,
    'keyImage',
    { points: [point], plane: { point, normal: [normal[0], normal[1], normal[2]] } },
    { colour: room.me.colour.toLowerCase() },
    place,
  );
  room.document.addMark({
    ...mark,
    keyImage: {
      view: view.kind,
      window: { centre, width },
      ...(camera && {
        camera: {
          centre: [...camera.centre],
          normal: [...camera.normal],
          up: [...camera.up],
          halfExtent: camera.halfExtent,
        },
      }),
    },
  });
  return true;
}

/** The next or the previous mark of what is shown, for somebody without a mouse. */
export function stepMark(room: Room, by: 1 | -1): boolean {
  const place = placeOf(room, room.state.get().activeView);
  const marks = room.content.content.marks.filter(
    (m) => !m.hidden && place !== undefined && isInPlace(place, m),
  );
  const { selectedMark } = room.state.get();
  const now = marks.findIndex((m) => m.id === selectedMark);
  const next = marks[now < 0 ? (by > 0 ? 0 : marks.length - 1) : now + by];
  if (next) return goToMark(room, next);
  room.state.set({ selectedMark: undefined });
  return false;
}
