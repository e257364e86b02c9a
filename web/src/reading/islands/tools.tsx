import { Contrast, Eraser, MousePointer2, Rotate3d, Wand } from 'lucide-react';
import type { ReactNode } from 'react';
import { kindIcons } from '../../marks/index.ts';
import { isMarkTool, type Tool } from '../room-state.ts';

type IslandTool = Exclude<Tool, 'edit'>;

/** At hand on every island. */
export const commonTools = [
  'navigate',
  'window',
  'ink',
  'highlighter',
  'laser',
  'arrow',
  'text',
  'length',
  'angle',
  'ellipse',
  'eraser',
] as const satisfies readonly IslandTool[];

const flatTools = [
  'probe',
  'bidirectional',
  'cobb',
  'rectangle',
  'polygon',
  'freehand',
] as const satisfies readonly IslandTool[];

/** These need a volume: a single image has no third dimension. */
const spatialTools = [
  'rotate',
  'point',
  'distance',
  'surfacePoint',
  'surfaceLine',
] as const satisfies readonly IslandTool[];

/** Behind "more". */
export const moreTools = (isVolume: boolean): readonly IslandTool[] =>
  isVolume ? [...flatTools, ...spatialTools] : flatTools;

export function iconOf(tool: IslandTool): ReactNode {
  switch (tool) {
    case 'navigate':
      return <MousePointer2 />;
    case 'window':
      return <Contrast />;
    case 'rotate':
      return <Rotate3d />;
    case 'eraser':
      return <Eraser />;
    case 'laser':
      return <Wand />;
    default:
      return kindIcons[tool];
  }
}

/** Tools that somebody who may only look cannot use. */
export const isWriting = (tool: Tool): boolean => isMarkTool(tool) || tool === 'eraser';
