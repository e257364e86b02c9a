import { type KnownStructure, structureTable } from '@yuepian/contract';
import type { CodedConcept } from './elements.ts';

/** What a segment shows, in codes (PS3.3 C.8.20.4): category, type and, for one of a pair, its side. */
export interface SegmentCodes {
  readonly category: CodedConcept;
  readonly type: CodedConcept;
  readonly laterality?: CodedConcept;
}

/** How a segment is named and coded by whoever made it. */
export interface SegmentConcept {
  readonly label: string;
  /** `#rrggbb` */
  readonly colour: string;
  readonly codes: SegmentCodes;
}

const sct = (value: string, meaning: string): CodedConcept => ({ value, scheme: 'SCT', meaning });

// Categories of CID 7150 and sides of CID 244.
const anatomical = sct('123037004', 'Anatomical Structure');
const altered = sct('49755003', 'Morphologically Altered Structure');
const left = sct('7771000', 'Left');
const right = sct('24028007', 'Right');

const lesions: readonly KnownStructure[] = ['kidney_tumour', 'kidney_stone', 'brain_tumour'];
/** Pairs whose code in the table does not already say the side. */
const sided: readonly KnownStructure[] = ['femur_left', 'femur_right'];

/** `rib_7` → `rib`; undefined when the key is none of the table. */
function knownStructure(key: string): KnownStructure | undefined {
  const base = key.replace(/_\d+$/, '');
  return Object.hasOwn(structureTable, base) ? (base as KnownStructure) : undefined;
}

/** Codes of a structure's key; a key outside the table is coded as unspecified tissue. */
export function codesOf(key: string): SegmentCodes {
  const known = knownStructure(key);
  if (!known) return { category: anatomical, type: sct('85756007', 'Tissue') };
  const { snomed, en } = structureTable[known];
  const type = sct(snomed, sided.includes(known) ? en.replace(/^(Left|Right) /, '') : en);
  return {
    category: lesions.includes(known) ? altered : anatomical,
    type,
    ...(sided.includes(known) ? { laterality: known.endsWith('left') ? left : right } : {}),
  };
}

/** English name with its number: `rib_7` → `Ribs 7`. */
export function labelOf(key: string): string {
  const known = knownStructure(key);
  if (!known) return key;
  const number = /_(\d+)$/.exec(key)?.[1];
  return number ? `${structureTable[known].en} ${number}` : structureTable[known].en;
}

/** `#rrggbb` of a structure's key; grey for a key outside the table. */
export function colourOf(key: string): string {
  const known = knownStructure(key);
  return known ? structureTable[known].colour : '#9aa0a6';
}

/** The key a segment of any maker stands for, by its codes; undefined when we have no such structure. */
export function keyOfCodes(codes: SegmentCodes): KnownStructure | undefined {
  const keys = Object.keys(structureTable) as KnownStructure[];
  const matches = keys.filter((key) => structureTable[key].snomed === codes.type.value);
  if (codes.type.scheme !== 'SCT' || matches.length === 0) return undefined;
  if (matches.length === 1) return matches[0];
  const side = codes.laterality?.value === left.value ? 'left' : 'right';
  return codes.laterality ? matches.find((key) => key.endsWith(side)) : undefined;
}
