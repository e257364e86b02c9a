import {
  type MarkJson,
  mark,
  markToJson,
  type StructureLook,
  sharedTypes,
  structureLook,
  unpackMark,
  type ViewState,
  viewState,
} from '@yuepian/contract';
import type * as Y from 'yjs';

export interface CaseContent {
  readonly marks: MarkJson[];
  readonly structures: Record<string, StructureLook>;
  readonly view: Partial<ViewState>;
  /** Entries that do not fit the contract and are left out. */
  readonly invalid: number;
}

/** What a case document holds, as plain checked values; clients wrote it, so nothing is trusted. */
export function readContent(document: Y.Doc): CaseContent {
  let invalid = 0;
  const marks: MarkJson[] = [];
  for (const [key, value] of Object.entries(jsonOf(document.getMap(sharedTypes.marks)))) {
    const parsed = mark.safeParse(unpackMark(key, value));
    if (parsed.success) marks.push(markToJson(parsed.data));
    else invalid++;
  }
  marks.sort((a, b) => a.createdAt.localeCompare(b.createdAt) || a.id.localeCompare(b.id));

  const structures: Record<string, StructureLook> = {};
  for (const [key, value] of Object.entries(jsonOf(document.getMap(sharedTypes.structures)))) {
    const parsed = structureLook.partial().safeParse(value);
    if (parsed.success) structures[key] = parsed.data as StructureLook;
    else invalid++;
  }

  const view: Record<string, unknown> = {};
  const shape: Record<string, { safeParse(v: unknown): { success: boolean } }> = viewState.shape;
  for (const [key, value] of Object.entries(jsonOf(document.getMap(sharedTypes.view)))) {
    if (Object.hasOwn(shape, key) && shape[key]?.safeParse(value).success) view[key] = value;
    else invalid++;
  }
  return { marks, structures, view: view as Partial<ViewState>, invalid };
}

const jsonOf = (map: Y.Map<unknown>): Record<string, unknown> => map.toJSON();
