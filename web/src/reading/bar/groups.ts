import type { ComponentType } from 'react';
import type { RoomState } from '../room-state.ts';
import { DrawTools } from './DrawTools.tsx';
import { LookTools } from './LookTools.tsx';
import { MeasureTools } from './MeasureTools.tsx';
import { MeetTools } from './MeetTools.tsx';
import { ModelTools } from './ModelTools.tsx';

export interface ToolGroup {
  /** Its word is in the dictionary under `groups`. */
  readonly key: 'look' | 'measure' | 'draw' | 'model' | 'meet';
  /** Whether there is anything to do with it now. */
  readonly isOffered: (state: RoomState) => boolean;
  readonly Tools: ComponentType;
  /** All of it is on every island of tools. */
  readonly isOnIslands?: boolean;
  /** Its one button says the word itself. */
  readonly isOneButton?: boolean;
}

const isVolume = (s: RoomState): boolean => s.shown?.kind === 'volume';
const isAnything = (s: RoomState): boolean => s.shown !== undefined;

/** The groups of the bar, in their order. A new group is a file of its own and a line here. */
export const toolGroups: readonly ToolGroup[] = [
  { key: 'look', isOffered: isAnything, Tools: LookTools },
  { key: 'measure', isOffered: isAnything, Tools: MeasureTools, isOnIslands: true },
  { key: 'draw', isOffered: isAnything, Tools: DrawTools, isOnIslands: true },
  { key: 'model', isOffered: isVolume, Tools: ModelTools },
  { key: 'meet', isOffered: isAnything, Tools: MeetTools, isOneButton: true },
];
