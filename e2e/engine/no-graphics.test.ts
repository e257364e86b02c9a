import { expect, it } from 'vitest';
import { EngineBench, volumeRoutes } from './harness.ts';
import { landmarks, patientValue, synthesise } from './synthetic.ts';

/** A machine whose browser has no WebGL: slices stay, 3D says why it is not there. */
it('shows and measures slices without a graphics card', async () => {
  const patient = synthesise({
    id: 'patient',
    size: [100, 90, 70],
    affine: [2, 0, 0, -99, 0, 2, 0, -89, 0, 0, 3, -103.5],
    value: patientValue,
    windows: [{ centre: 50, width: 400, name: '' }],
  });
  await using bench = await EngineBench.open(volumeRoutes(patient), ['--disable-3d-apis']);
  const page = await bench.page({ width: 1000, height: 800 });
  const seen = await page.evaluate(
    async ({ kidney, front }) => {
      const { harness } = window;
      await (await harness.show('/manifest/patient')).done;
      harness.engine.jumpTo(kidney as never);
      await harness.after('axial', () => harness.views.axial.zoom(1.5));
      const at = (p: number[]) => harness.pixelAt('axial', p as never)[0];
      const plain = { kidney: at(kidney), body: at([0, 0, -10]), front: at(front) };
      harness.engine.jumpTo([0, 0, 29] as never);
      await harness.after('axial', () => harness.engine.setSlab({ mode: 'max', thickness: 60 }));
      const slab = at(kidney);
      harness.views.volume.orbit(20, 20);
      return {
        plain,
        slab,
        can: harness.engine.capabilities.volume,
        said: harness.problems.map((p) => p.code),
        value: harness.session?.valueAt(kidney as never),
        place: [harness.canvasOf('axial', kidney as never), harness.canvasOf('axial', [0, 0, 0])],
      };
    },
    { kidney: [...landmarks.kidney.centre], front: [-50, -40, -10] },
  );
  expect(seen.can).toBe(false);
  expect(seen.said).toEqual(['no_webgl2']);
  expect(seen.value).toEqual({ value: 200, unit: 'HU' });
  expect(seen.place[0]?.[0]).toBeGreaterThan(seen.place[1]?.[0] ?? Infinity);
  const grey = (v: number): number => 255 * ((v - 49.5) / 399 + 0.5);
  expect(Math.abs((seen.plain.kidney ?? 0) - grey(200))).toBeLessThanOrEqual(1);
  expect(Math.abs((seen.plain.body ?? 0) - grey(40))).toBeLessThanOrEqual(1);
  expect(Math.abs((seen.slab ?? 0) - grey(200))).toBeLessThanOrEqual(1);
});
