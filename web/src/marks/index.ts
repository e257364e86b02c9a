export { inputsOf } from './drafting.ts';
export { MarkEditor, type MarkEditorHost } from './editor.ts';
export { linesOf, millimetres, squareMillimetres, voxelValue } from './format.ts';
export { type MarksModel, MarksOverlay, type MarksOverlayProps } from './MarksOverlay.tsx';
export { type MarksPlace, shownIn } from './shown.ts';
export { type MarkValues, type MeasuringGround, valuesOf } from './values.ts';
