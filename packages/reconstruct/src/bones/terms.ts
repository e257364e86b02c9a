import type { Bone } from './split.ts';

/** How a single bone is called, shown and coded. */
export interface BoneTerm {
  /** Of its structure: lower case letters, digits, underscores; unique in its split. */
  readonly key: string;
  readonly name: { readonly zh: string; readonly en: string };
  readonly colour: string;
}

/**
 * PS3.16 CID 7603 (Vertebra); sacrum, femur, skull, sternum and rib as in TotalSegmentator's
 * totalsegmentator_snomed_mapping.csv; mandible as in CID 4031. Hip bones have no code here: that
 * table's is the region of the hip.
 */
const levelCodes: Readonly<Record<string, string>> = {
  C1: '14806007',
  C2: '39976000',
  C3: '113205007',
  C4: '5329002',
  C5: '36978003',
  C6: '36054005',
  C7: '87391001',
  T1: '64864005',
  T2: '53733008',
  T3: '1626008',
  T4: '73071006',
  T5: '56401006',
  T6: '45296009',
  T7: '62487009',
  T8: '11068009',
  T9: '82687006',
  T10: '7610001',
  T11: '12989004',
  T12: '23215003',
  L1: '66794005',
  L2: '14293000',
  L3: '36470004',
  L4: '11994002',
  L5: '49668003',
};

const kinds: Readonly<
  Record<
    Bone['kind'],
    { zh: string; en: string; snomed?: string; laterality?: 'left' | 'right'; counted?: true }
  >
> = {
  skull: { zh: '颅骨', en: 'Skull', snomed: '89546000' },
  mandible: { zh: '下颌骨', en: 'Mandible', snomed: '91609006' },
  vertebra: { zh: '椎骨', en: 'Vertebra', snomed: '51282000', counted: true },
  spine: { zh: '脊柱（未分节）', en: 'Spine, levels not told apart', snomed: '421060004' },
  sacrum: { zh: '骶骨', en: 'Sacrum', snomed: '54735007' },
  pelvis_left: { zh: '左髋骨', en: 'Left hip bone', laterality: 'left' },
  pelvis_right: { zh: '右髋骨', en: 'Right hip bone', laterality: 'right' },
  femur_left: { zh: '左股骨', en: 'Left femur', snomed: '71341001', laterality: 'left' },
  femur_right: { zh: '右股骨', en: 'Right femur', snomed: '71341001', laterality: 'right' },
  rib_left: { zh: '左肋', en: 'Left rib', snomed: '113197003', laterality: 'left', counted: true },
  rib_right: {
    zh: '右肋',
    en: 'Right rib',
    snomed: '113197003',
    laterality: 'right',
    counted: true,
  },
  sternum: { zh: '胸骨', en: 'Sternum', snomed: '56873002' },
  bone: { zh: '骨块', en: 'Piece of bone' },
};

const regions = { C: '颈椎', T: '胸椎', L: '腰椎' } as const;

export interface BoneCode {
  /** SNOMED CT; absent where no published list of ours has a code for just this bone. */
  readonly snomed?: string;
  /** What the code means, in English, without the side. */
  readonly meaning: string;
  readonly laterality?: 'left' | 'right';
}

/**
 * The code of a bone by its key, numbered or not (`vertebra_l3_101`, `rib_left_2`); undefined for what
 * is no single bone that a rule knew.
 */
export function codeOfBone(key: string): BoneCode | undefined {
  const level = /^vertebra_([ctl]\d+)(_\d+)*$/.exec(key)?.[1]?.toUpperCase();
  const ofLevel = level === undefined ? undefined : levelCodes[level];
  if (ofLevel !== undefined) return { snomed: ofLevel, meaning: `${level} vertebra` };
  const kind = key.replace(/(_\d+)+$/, '');
  if (!Object.hasOwn(kinds, kind)) return undefined;
  const { en, snomed, laterality } = kinds[kind as Bone['kind']];
  const bare = en.replace(/^(Left|Right) /, '');
  return {
    meaning: bare.charAt(0).toUpperCase() + bare.slice(1),
    ...(snomed ? { snomed } : {}),
    ...(laterality ? { laterality } : {}),
  };
}

/** Tints of bone that stay apart side by side; the next bone takes the next. */
const tints = ['#e8dcc0', '#cfa978', '#b9c8a4', '#dcb3a0', '#a9bccf', '#d3c1dd'] as const;

/**
 * Terms of a split's bones. A vertebra is called by its level where there is one. Ribs, and vertebrae
 * without a level, are counted from the top of the images, and the name says so: which rib that is
 * nobody knows when the first is not in the images.
 */
export function boneTerms(bones: readonly Bone[]): ReadonlyMap<number, BoneTerm> {
  const fromTop = bones.toSorted((a, b) => b.centre[2] - a.centre[2]);
  return new Map(
    fromTop.map((bone, n) => {
      const { zh, en, counted } = kinds[bone.kind];
      const colour = tints[n % tints.length] ?? tints[0];
      if (bone.level !== undefined) {
        const region = regions[bone.level.charAt(0) as keyof typeof regions];
        const name = {
          zh: `第 ${bone.level.slice(1)} ${region} (${bone.level})`,
          en: `${bone.level} vertebra`,
        };
        return [bone.label, { key: `vertebra_${bone.level.toLowerCase()}`, name, colour }];
      }
      const number = /_(\d+)$/.exec(bone.key)?.[1];
      const name =
        number === undefined
          ? { zh, en }
          : counted
            ? { zh: `${zh}（图中第 ${number}）`, en: `${en} ${number} in view` }
            : { zh: `${zh} ${number}`, en: `${en} ${number}` };
      return [bone.label, { key: bone.key, name, colour }];
    }),
  );
}
