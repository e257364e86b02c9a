import { type PatientPoint, type PatientVector, patientPoint, type Vec3 } from './units.ts';
import { cross, dot, scale, subtract, unit } from './vector.ts';

/** A plane of patient space: a point on it and its unit normal. */
export interface Plane {
  readonly point: PatientPoint;
  readonly normal: PatientVector;
}

/** @throws RangeError when the normal has no length. */
export const plane = (point: PatientPoint, normal: Vec3): Plane => ({
  point,
  normal: unit(normal),
});

/** Signed distance in mm, positive on the side the normal points to. */
export const signedDistance = (p: Plane, q: PatientPoint): number =>
  dot(p.normal, subtract(q, p.point));

/** The foot of the perpendicular from `q`. */
export function projectOnPlane(p: Plane, q: PatientPoint): PatientPoint {
  const d = signedDistance(p, q);
  return patientPoint(q[0] - d * p.normal[0], q[1] - d * p.normal[1], q[2] - d * p.normal[2]);
}

/** Where a ray meets the plane, undefined when it runs parallel to it. */
export function intersectRay(
  p: Plane,
  from: PatientPoint,
  direction: Vec3,
): PatientPoint | undefined {
  const slope = dot(p.normal, direction);
  if (Math.abs(slope) < 1e-9) return undefined;
  const t = -signedDistance(p, from) / slope;
  return patientPoint(
    from[0] + t * direction[0],
    from[1] + t * direction[1],
    from[2] + t * direction[2],
  );
}

/** Two axes of a plane at right angles; with them a point of the plane is two numbers. */
export interface PlaneBasis {
  readonly right: PatientVector;
  readonly down: PatientVector;
}

/**
 * Axes of a plane from its normal alone, the same on every machine: `right` is the part in the plane
 * of the patient's left (of the back, where the plane faces sideways), `down` is at a right angle to
 * both. What is stored in these axes needs no axes stored with it; never change this rule.
 */
export function planeBasis(normal: PatientVector): PlaneBasis {
  const start: Vec3 = Math.abs(normal[0]) < 0.9 ? [1, 0, 0] : [0, 1, 0];
  const right = unit(subtract(start, scale(normal, dot(start, normal))));
  return { right, down: unit(cross(normal, right)) };
}
