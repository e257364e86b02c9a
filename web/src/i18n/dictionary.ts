import type { zh } from './zh.ts';

/** The shape both languages fill. */
export type Dictionary = typeof zh;
