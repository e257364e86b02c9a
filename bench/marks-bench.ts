import { affineFromSteps } from '@yuepian/geometry';
import { EngineBench, volumeRoutes } from '../e2e/engine/harness.ts';
import { patientValue, synthesise } from '../e2e/engine/synthetic.ts';

/** A volume in one large view with the marks layer over it, in Chromium with software GL. */
export function openMarksPage(): Promise<EngineBench> {
  const volume = synthesise({
    id: 'bench',
    size: [256, 256, 120],
    affine: affineFromSteps([0.8, 0, 0], [0, 0.8, 0], [0, 0, 1], [-102, -102, -60]),
    value: patientValue,
  });
  return EngineBench.open(volumeRoutes(volume), [], new URL('./marks-page', import.meta.url));
}
