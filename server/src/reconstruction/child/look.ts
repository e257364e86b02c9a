import { structureTable } from '@yuepian/contract';
import { classicalSource, type GlbOptions } from '@yuepian/reconstruct';

const looks: Readonly<Record<string, { colour: string; opacity: number }>> = structureTable;

/** sRGB colour and opacity that a structure has unless somebody says otherwise. */
export const lookOf = (key: string): { colour: string; opacity: number } =>
  looks[key] ?? looks[key.replace(/_\d+$/, '')] ?? { colour: '#c0c0c0', opacity: 1 };

/** How models of the classical pipeline are written. */
export const classicalGlb: GlbOptions = { source: classicalSource, look: lookOf };
