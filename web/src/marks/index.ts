export {
  type Hand,
  MarkEditor,
  type MarkEditorHost,
  type MarkGeometry,
} from './editor.ts';
export { linesOf, millimetres, squareMillimetres, voxelValue } from './format.ts';
export { kindIcons } from './icons.tsx';
export { type DrawingTool, isInk, traits } from './kinds.ts';
export { type LiveInk, noLiveInk, type WetBatch } from './live.ts';
export { type MarksModel, MarksOverlay, type MarksOverlayProps } from './MarksOverlay.tsx';
export { MarksPanel, type MarksPanelProps } from './MarksPanel.tsx';
export { RunningStroke } from './running.ts';
export { middleOf } from './shape.ts';
export { isInPlace, type MarksPlace, shownIn } from './shown.ts';
export { type GreyKind, type MarkValues, type MeasuringGround, valuesOf } from './values.ts';
export { drawLaser, WetStrokes } from './wet.ts';
