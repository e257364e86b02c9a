import { type Box, Field } from '../core/field.ts';
import { type Noise, valueNoise } from '../core/noise.ts';
import { Random } from '../core/random.ts';
import type { Scene } from '../core/scene.ts';
import { warpOf } from '../core/warp.ts';
import { covered, skinField, trunkBox } from './body.ts';
import { boneParts } from './bones.ts';
import { abdomenSegments, hu, label, type Organs, type Part } from './materials.ts';
import { muscleLayers } from './muscles.ts';
import { urinaryParts, vesselParts, visceraParts } from './organs.ts';
import * as urinary from './urinary.ts';
import { vessels } from './vessels.ts';

/** Every shape and material of the CT patient in paint order. */
export function abdomenScene(seed: number): Scene {
  const random = new Random(seed);
  const noise = {
    lumps: valueNoise(random, 18),
    small: valueNoise(random, 7),
    rough: valueNoise(random, 5),
    grain: valueNoise(random, 1.7),
    cloud: valueNoise(random, 11),
    fold: valueNoise(random, 3.2),
  };
  const organs: Organs = {
    kidneys: {
      left: urinary.kidney('left', noise.small),
      right: urinary.kidney('right', noise.small),
    },
    bladder: urinary.bladderFields(noise.lumps),
    vessels: vessels(seed),
  };
  const parts: Part[] = [
    trunkPart(noise.cloud),
    ...visceraParts(random, noise, organs),
    { layers: muscleLayers(noise.fold, noise.cloud, noise.lumps) },
    ...urinaryParts(noise, organs),
    ...vesselParts(organs),
    ...boneParts(noise),
  ];
  const boxes: Record<string, Box> = {};
  for (const part of parts) Object.assign(boxes, part.boxes);
  return {
    layers: parts.flatMap((part) => part.layers),
    background: hu.air,
    range: [-1024, 3071],
    noise: 17,
    rician: false,
    segments: abdomenSegments,
    boxes,
    box: trunkBox,
    covered,
    warp: warpOf(seed, covered),
  };
}

function tableField(): Field {
  return Field.of({ min: [-206, 96, -246], max: [206, 176, 270] }, 2, (x, y) => {
    const surface = 127 - (x / 206) ** 2 * 24;
    const depth = 20 * Math.sqrt(Math.max(0, 1 - (x / 212) ** 2));
    return Math.max(surface - y, y - surface - depth - 4, Math.abs(x) - 200);
  });
}

function trunkPart(cloud: Noise): Part {
  return {
    layers: [
      { field: tableField(), shade: (d) => (d > -1.8 ? -60 : -930), edge: 1 },
      {
        field: skinField(),
        label: label.body,
        shade: (d, x, y, z) => (d > -2 ? 28 : hu.fat + 7 * cloud(x, y, z)),
      },
    ],
  };
}
