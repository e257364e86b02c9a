import { structureTable } from '@yuepian/contract';
import type { SegmentConcept } from '@yuepian/dicom';
import { codeOfBone } from '@yuepian/reconstruct';

const sct = (value: string, meaning: string) => ({ value, scheme: 'SCT', meaning });

/**
 * A single bone in a segmentation object, as it was found or as people have merged, cut or changed it;
 * one without a code of its own is coded as bone.
 * @returns undefined for the key of anything else.
 */
export function boneConcept(
  key: string,
  label: string,
  colour: string,
): SegmentConcept | undefined {
  const code = codeOfBone(key);
  if (!code) return undefined;
  const { snomed, meaning, laterality } = code;
  const { bone } = structureTable;
  return {
    label,
    colour,
    codes: {
      category: sct('123037004', 'Anatomical Structure'),
      type: snomed ? sct(snomed, meaning) : sct(bone.snomed, bone.en),
      ...(laterality
        ? { laterality: laterality === 'left' ? sct('7771000', 'Left') : sct('24028007', 'Right') }
        : {}),
    },
  };
}
