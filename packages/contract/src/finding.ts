import { type StructureId, structureId } from './ids.ts';

/**
 * What is made from one structure as it is: a bone is split into single bones, stones are looked for
 * in a kidney. Each run is a job of kind `model` whose `model.id` is `<finding> <structure id>`; what
 * comes out is a set of structures of its own, see `structureSet.of`.
 */
export const findings = {
  bones: { zh: '单块骨', en: 'Single bones' },
  stones: { zh: '结石', en: 'Stones' },
} as const;
export type Finding = keyof typeof findings;

export const findingJobId = (finding: Finding, of: StructureId): string => `${finding} ${of}`;

/** @returns undefined for the id of a network. */
export function findingOfJob(
  modelId: string | undefined,
): { readonly finding: Finding; readonly of: StructureId } | undefined {
  const [, finding, id] = /^(bones|stones) (.+)$/.exec(modelId ?? '') ?? [];
  const of = structureId.safeParse(id);
  return of.success && (finding === 'bones' || finding === 'stones')
    ? { finding, of: of.data }
    : undefined;
}

/**
 * What can be made from a structure with this key, or one that somebody began with it (numbered from 101);
 * undefined for nothing. `bone_3` is a piece of bone already.
 */
export function findingOfKey(key: string): Finding | undefined {
  if (/^bone(_[1-9]\d\d+)?$/.test(key)) return 'bones';
  return /^kidney_(left|right)(_\d+)?$/.test(key) ? 'stones' : undefined;
}
