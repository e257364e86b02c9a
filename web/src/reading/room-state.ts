import type {
  FrameStack,
  MarkId,
  SeriesDetail,
  StudyDetail,
  ViewState,
  VolumeManifest,
} from '@yuepian/contract';
import { markKind } from '@yuepian/contract';
import type { PatientPoint } from '@yuepian/geometry';
import type { Replay } from '../case/index.ts';
import type { FrameProgress, ViewKind, VolumeProgress, Window } from '../engine/index.ts';
import type { DrawingTool } from '../marks/index.ts';

/**
 * What the hand does on an image. Drawing tools carry the name of the mark they draw; `edit` is
 * whatever tool the models' desk has given the hand.
 */
export type Tool = 'navigate' | 'window' | 'rotate' | 'eraser' | 'edit' | DrawingTool;
const drawingTools: ReadonlySet<string> = new Set([...markKind.options, 'laser']);
export const isMarkTool = (tool: Tool): tool is DrawingTool => drawingTools.has(tool);

export type Layout = ViewState['layout'];
export const layouts = ['four', 'axial', 'coronal', 'sagittal', 'volume'] as const;
export const volumeViews = ['axial', 'volume', 'coronal', 'sagittal'] as const;
export type VolumeView = (typeof volumeViews)[number];

/** What is on the screen. */
export type Shown =
  | { readonly kind: 'volume'; readonly series: SeriesDetail; readonly manifest: VolumeManifest }
  | { readonly kind: 'frames'; readonly series: SeriesDetail; readonly stack: FrameStack };

/** What this window shows and this hand does; nothing of it is kept or shared. */
export interface RoomState {
  readonly study: StudyDetail;
  readonly shown: Shown | undefined;
  readonly tool: Tool;
  readonly activeView: ViewKind;
  readonly selectedMark: MarkId | undefined;
  readonly presenting: boolean;
  readonly panelOpen: boolean;
  readonly panel: 'structures' | 'marks';
  /** The one view a phone shows. */
  readonly phoneView: VolumeView;
  readonly progress: VolumeProgress | undefined;
  readonly frame: FrameProgress | undefined;
  readonly window: Window | undefined;
  readonly crosshair: PatientPoint | undefined;
  /** Structure last touched in a view. */
  readonly touched: string | undefined;
  /** A past stretch of the case is shown instead of the present; nothing can be changed then. */
  readonly replay: Replay | undefined;
  /** Why nothing can be shown. */
  readonly failure: unknown;
}

/** The single image whose pixels are on the screen; undefined while a volume is, or none are there. */
export function shownImage({
  shown,
  frame,
}: Pick<RoomState, 'shown' | 'frame'>): FrameStack['frames'][number] | undefined {
  if (shown?.kind !== 'frames' || frame?.shownIndex === undefined) return undefined;
  return shown.stack.frames[frame.shownIndex];
}

/** A room in which nothing is shown yet. */
export const startState = (study: StudyDetail): RoomState => ({
  study,
  shown: undefined,
  tool: 'navigate',
  activeView: 'axial',
  selectedMark: undefined,
  presenting: false,
  panelOpen: true,
  panel: 'structures',
  phoneView: 'axial',
  progress: undefined,
  frame: undefined,
  window: undefined,
  crosshair: undefined,
  touched: undefined,
  replay: undefined,
  failure: undefined,
});
