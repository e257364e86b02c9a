import type { zh } from './zh/index.ts';

/** The shape both languages fill. */
export type Dictionary = typeof zh;
