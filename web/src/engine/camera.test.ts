import { canvasPoint, cross, dot, norm, patientPoint, type Vec3 } from '@yuepian/geometry';
import { describe, expect, it } from 'vitest';
import {
  type Camera,
  edgeLetters,
  fromState,
  panBy,
  planeBasis,
  project,
  right,
  rotateCamera,
  type Screen,
  sideBasis,
  toState,
  zoomAt,
} from './camera.ts';

const screen: Screen = { size: [801.6, 433.3], devicePixelRatio: 1.25 };
const camera: Camera = { ...planeBasis.coronal, centre: [12, -30, 45], halfExtent: 130 };

describe('planes', () => {
  it('follow the radiological convention', () => {
    expect(edgeLetters(planeBasis.axial)).toEqual({ left: 'R', right: 'L', top: 'A', bottom: 'P' });
    expect(edgeLetters(planeBasis.coronal)).toEqual({
      left: 'R',
      right: 'L',
      top: 'H',
      bottom: 'F',
    });
    expect(edgeLetters(planeBasis.sagittal)).toEqual({
      left: 'A',
      right: 'P',
      top: 'H',
      bottom: 'F',
    });
  });

  it('are right-handed: nothing is mirrored', () => {
    for (const b of [...Object.values(planeBasis), ...Object.values(sideBasis)]) {
      const r = right(b);
      // right × up points to the viewer.
      expect(dot(cross(r, b.up), b.normal)).toBeCloseTo(1, 12);
    }
  });
});

describe('projection', () => {
  it('is its own inverse and keeps the middle in the middle', () => {
    const p = project(camera, screen, 1);
    const middle = p.toCanvas(patientPoint(...camera.centre));
    expect(middle[0]).toBeCloseTo(screen.size[0] / 2, 9);
    expect(middle[1]).toBeCloseTo(screen.size[1] / 2, 9);
    for (const at of [canvasPoint(0, 0), canvasPoint(123.4, 400), canvasPoint(801, 3)]) {
      const back = p.toCanvas(p.toWorld(at));
      expect(back[0]).toBeCloseTo(at[0], 9);
      expect(back[1]).toBeCloseTo(at[1], 9);
      expect(p.depth(p.toWorld(at))).toBeCloseTo(0, 9);
    }
  });

  it('shows a millimetre as long as it says, in every direction', () => {
    const p = project(camera, screen, 1);
    const a = p.toCanvas(patientPoint(0, 0, 0));
    for (const d of [p.plane.right, p.plane.up]) {
      const b = p.toCanvas(patientPoint(d[0] * 50, d[1] * 50, d[2] * 50));
      expect(Math.hypot(b[0] - a[0], b[1] - a[1]) * p.mmPerPixel).toBeCloseTo(50, 9);
    }
    // 130 mm from the middle to the nearer edge.
    expect((p.mmPerPixel * Math.min(...screen.size)) / 2).toBeCloseTo(130, 9);
  });
});

describe('movement', () => {
  it('zooms about the finger and pans by pixels', () => {
    const finger = canvasPoint(77, 300);
    const before = project(camera, screen, 0).toWorld(finger);
    const zoomed = zoomAt(camera, screen, 2.7, finger);
    const after = project(zoomed, screen, 0).toCanvas(before);
    expect(after[0]).toBeCloseTo(77, 9);
    expect(after[1]).toBeCloseTo(300, 9);
    const panned = project(panBy(zoomed, screen, 11, -5), screen, 0).toCanvas(before);
    expect(panned[0]).toBeCloseTo(88, 9);
    expect(panned[1]).toBeCloseTo(295, 9);
  });

  it('stays orthonormal through ten thousand turns, and comes back', () => {
    const axis: Vec3 = [0.36, 0.48, 0.8];
    let c = camera;
    for (let i = 0; i < 10_000; i++) c = rotateCamera(c, axis, (2 * Math.PI) / 1000, [5, 5, 5]);
    expect(norm(c.normal)).toBeCloseTo(1, 12);
    expect(dot(c.normal, c.up)).toBeCloseTo(0, 12);
    for (const a of [0, 1, 2] as const) {
      expect(c.normal[a]).toBeCloseTo(camera.normal[a], 8);
      expect(c.centre[a]).toBeCloseTo(camera.centre[a], 6);
    }
  });

  it('refuses a camera that makes no sense, and squares one that is slightly off', () => {
    const good = toState(camera);
    expect(fromState(good, camera)).toEqual(camera);
    for (const bad of [
      { ...good, halfExtent: 0 },
      { ...good, halfExtent: Number.NaN },
      { ...good, up: good.normal },
      { ...good, centre: [0, Number.POSITIVE_INFINITY, 0] as const },
    ]) {
      expect(fromState(bad, camera)).toBe(camera);
    }
    const tilted = fromState({ ...good, up: [0.1, 0, 1] }, camera);
    expect(dot(tilted.up, tilted.normal)).toBeCloseTo(0, 12);
    expect(norm(tilted.up)).toBeCloseTo(1, 12);
  });
});
