import { Field } from '../core/field.ts';
import type { Shade } from '../core/painter.ts';
import { mix, smoothstep } from '../core/sdf.ts';
import { hu, label, type Noises, type Part, tissue } from './materials.ts';
import { femurField, hipJointField, pelvisField, symphysisField } from './pelvis.ts';
import { cartilageField, ribField, sternumField } from './ribs.ts';
import { canalFields, discField, endplateDistance, sacrumField, spineField } from './spine.ts';
import * as viscera from './viscera.ts';

/** Bright shell of compact bone round spongy bone. */
function boneShade(shell: (z: number) => number, inside: Shade, dense = 1180): Shade {
  return (d, x, y, z) => {
    const t = shell(z);
    const compact = smoothstep(-t - 1.1, -t + 0.2, d);
    return compact > 0.98 ? dense : mix(inside(d, x, y, z), dense, compact);
  };
}

export function boneParts(n: Noises): Part[] {
  const { rough, grain, cloud } = n;
  const spongy =
    (value: number, depth = 90): Shade =>
    (_d, x, y, z) =>
      value + depth * grain(x, y, z) + 25 * cloud(x, y, z);
  const spine = spineField(rough);
  const pelvis = pelvisField(rough);
  const sacrum = viscera.carve(sacrumField(rough), [pelvis], 2.2);
  const femurs = { left: femurField(1, rough), right: femurField(-1, rough) };
  const ribs = ribField();
  const canal = canalFields();
  const endplates = Field.of(spine.box, 2, endplateDistance, 40);
  const vertebral: Shade = (d, x, y, z) => {
    const plate = endplates.at(x, y, z);
    return spongy(165, 70)(d, x, y, z) + 320 * smoothstep(3.2, 0.8, plate);
  };
  const femoral: Shade = (d, x, y, z) => {
    // Spongy head and neck, fat marrow down the shaft.
    const shaft = smoothstep(-200, -226, z);
    return mix(spongy(235)(d, x, y, z), -45 + 30 * grain(x, y, z), shaft);
  };
  const femurShell = (z: number) => mix(1.1, 6.2, smoothstep(-186, -232, z));
  const cartilage: Shade = (_d, x, y, z) =>
    hu.cartilage + 260 * Math.max(0, cloud(x * 1.6, y * 1.6, z * 1.6) - 0.45);
  return [
    {
      layers: [
        { field: discField(), shade: tissue(hu.disc, cloud, 8), label: label.body },
        { field: canal.fat, shade: hu.fat + 20, label: label.body },
        { field: canal.sac, shade: 16 },
        { field: canal.cord, shade: 42 },
        { field: symphysisField(), shade: 110, label: label.body },
        { field: hipJointField(), shade: 92, label: label.body },
        { field: cartilageField(), shade: cartilage, label: label.body },
        { field: spine, shade: boneShade(() => 0.5, vertebral, 820), label: label.spine },
        { field: sacrum, shade: boneShade(() => 0.8, spongy(120, 80), 900), label: label.sacrum },
        { field: sternumField(), shade: boneShade(() => 0.8, spongy(140)), label: label.rib },
        { field: ribs, shade: boneShade(() => 1, spongy(260)), label: label.rib },
        { field: pelvis, shade: boneShade(() => 1.4, spongy(170)), label: label.pelvis },
        {
          field: femurs.left,
          shade: boneShade(femurShell, femoral),
          label: label.femurLeft,
        },
        {
          field: femurs.right,
          shade: boneShade(femurShell, femoral),
          label: label.femurRight,
        },
      ],
      boxes: {
        spine: spine.box,
        sacrum: sacrum.box,
        pelvis: pelvis.box,
        rib: ribs.box,
        femur_left: femurs.left.box,
        femur_right: femurs.right.box,
      },
    },
  ];
}
