import {
  add,
  type CanvasPoint,
  canvasPoint,
  cross,
  dot,
  norm,
  orientationLetters,
  type PatientPoint,
  patientPoint,
  patientVector,
  scale,
  subtract,
  unit,
  type Vec3,
} from '@yuepian/geometry';
import type { CameraState, PlaneKind, Projection, Side } from './types.ts';

/** A right-handed frame of the picture; `right` = up × normal. Unit vectors, LPS. */
export interface Basis {
  /** Towards the viewer. */
  readonly normal: Vec3;
  readonly up: Vec3;
}

/**
 * Radiological convention: axial seen from the feet (the patient's right on the screen's left),
 * coronal from the front, sagittal from the left with anterior on the screen's left.
 */
export const planeBasis: Record<PlaneKind, Basis> = {
  axial: { normal: [0, 0, -1], up: [0, -1, 0] },
  coronal: { normal: [0, -1, 0], up: [0, 0, 1] },
  sagittal: { normal: [1, 0, 0], up: [0, 0, 1] },
};

/** How a reader counts slices: head to foot, front to back, right to left. */
export const countDirection: Record<PlaneKind, Vec3> = {
  axial: [0, 0, -1],
  coronal: [0, 1, 0],
  sagittal: [1, 0, 0],
};

export const sideBasis: Record<Side, Basis> = {
  A: { normal: [0, -1, 0], up: [0, 0, 1] },
  P: { normal: [0, 1, 0], up: [0, 0, 1] },
  L: { normal: [1, 0, 0], up: [0, 0, 1] },
  R: { normal: [-1, 0, 0], up: [0, 0, 1] },
  H: { normal: [0, 0, 1], up: [0, -1, 0] },
  F: { normal: [0, 0, -1], up: [0, -1, 0] },
};

export interface Camera extends Basis {
  readonly centre: Vec3;
  /** mm from the middle to the nearer edge, so that a resize or a turned tablet keeps the anatomy. */
  readonly halfExtent: number;
}

export const right = (b: Basis): Vec3 => cross(b.up, b.normal);

/** Rotates a vector about a unit axis by radians (Rodrigues). */
export function rotate(v: Vec3, axis: Vec3, angle: number): Vec3 {
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  return add(add(scale(v, c), scale(cross(axis, v), s)), scale(axis, dot(axis, v) * (1 - c)));
}

/** Rotates the camera about an axis through `pivot`; the picture keeps its size. */
export function rotateCamera(c: Camera, axis: Vec3, angle: number, pivot: Vec3): Camera {
  const normal = unit(rotate(c.normal, axis, angle));
  // Gram–Schmidt, so that thousands of small turns do not shear the picture.
  const turned = rotate(c.up, axis, angle);
  const up = unit(subtract(turned, scale(normal, dot(turned, normal))));
  const centre = add(pivot, rotate(subtract(c.centre, pivot), axis, angle));
  return { ...c, normal, up, centre };
}

/** What the canvas looks like: CSS size and device pixels per CSS pixel. */
export interface Screen {
  readonly size: readonly [number, number];
  readonly devicePixelRatio: number;
}

export const mmPerPixel = (c: Camera, s: Screen): number =>
  (2 * c.halfExtent) / Math.min(s.size[0], s.size[1]);

/**
 * The affine of one frame, parallel projection. The middle of the canvas shows `centre`.
 * @param halfThickness mm that count as "on the plane".
 */
export function project(c: Camera, s: Screen, halfThickness: number): Projection {
  const r = right(c);
  const k = 1 / mmPerPixel(c, s);
  const [w, h] = s.size;
  const m = [
    r[0] * k,
    r[1] * k,
    r[2] * k,
    w / 2 - dot(r, c.centre) * k,
    -c.up[0] * k,
    -c.up[1] * k,
    -c.up[2] * k,
    h / 2 + dot(c.up, c.centre) * k,
  ] as const;
  const point = patientPoint(...c.centre);
  return {
    space: 'patient',
    worldToCanvas: m,
    toWorld: (p: CanvasPoint): PatientPoint => {
      const [x, y] = [(p[0] - w / 2) / k, (h / 2 - p[1]) / k];
      const q = add(c.centre, add(scale(r, x), scale(c.up, y)));
      return patientPoint(q[0], q[1], q[2]);
    },
    toCanvas: (p: PatientPoint): CanvasPoint =>
      canvasPoint(
        m[0] * p[0] + m[1] * p[1] + m[2] * p[2] + m[3],
        m[4] * p[0] + m[5] * p[1] + m[6] * p[2] + m[7],
      ),
    depth: (p: PatientPoint): number => dot(subtract(p, c.centre), c.normal),
    plane: {
      point,
      normal: patientVector(...c.normal),
      up: patientVector(...c.up),
      right: patientVector(...r),
    },
    mmPerPixel: 1 / k,
    size: s.size,
    devicePixelRatio: s.devicePixelRatio,
    halfThickness,
  };
}

/** Zooms by `factor` so that the world point under `at` stays there. */
export function zoomAt(c: Camera, s: Screen, factor: number, at: CanvasPoint | undefined): Camera {
  const halfExtent = Math.min(5000, Math.max(0.25, c.halfExtent / factor));
  const next = { ...c, halfExtent };
  if (!at) return next;
  const before = project(c, s, 0).toWorld(at);
  const after = project(next, s, 0).toWorld(at);
  return { ...next, centre: add(c.centre, subtract(before, after)) };
}

export function panBy(c: Camera, s: Screen, dx: number, dy: number): Camera {
  const k = mmPerPixel(c, s);
  return { ...c, centre: add(c.centre, add(scale(right(c), -dx * k), scale(c.up, dy * k))) };
}

/** Letters of the four edges of a picture (DICOM PS3.3 C.7.6.1.1.1). */
export function edgeLetters(b: Basis): {
  left: string;
  right: string;
  top: string;
  bottom: string;
} {
  const r = right(b);
  return {
    left: orientationLetters(scale(r, -1)),
    right: orientationLetters(r),
    top: orientationLetters(b.up),
    bottom: orientationLetters(scale(b.up, -1)),
  };
}

export const toState = (c: Camera): CameraState => ({
  centre: [c.centre[0], c.centre[1], c.centre[2]],
  normal: [c.normal[0], c.normal[1], c.normal[2]],
  up: [c.up[0], c.up[1], c.up[2]],
  halfExtent: c.halfExtent,
});

/** Takes a camera from outside: directions are made unit and perpendicular, nonsense is refused. */
export function fromState(s: CameraState, fallback: Camera): Camera {
  const numbers = [...s.centre, ...s.normal, ...s.up, s.halfExtent];
  if (!numbers.every(Number.isFinite) || s.halfExtent <= 0) return fallback;
  if (norm(cross(s.normal, s.up)) < 1e-6) return fallback;
  const normal = unit(s.normal);
  const up = unit(subtract(s.up, scale(normal, dot(s.up, normal))));
  return { centre: s.centre, normal, up, halfExtent: s.halfExtent };
}

/** Near and far of the view's depth, mm from the eye; the same for vtk and for our meshes. */
export interface DepthRange {
  readonly eye: number;
  readonly near: number;
  readonly far: number;
}

/** @param radius mm around the camera's centre that must be visible. */
export const depthRange = (radius: number): DepthRange => ({
  eye: 2 * radius + 100,
  near: radius + 50,
  far: 3 * radius + 150,
});
