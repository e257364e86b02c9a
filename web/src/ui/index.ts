export { Button, type ButtonProps, buttonClass, IconButton } from './Button.tsx';
export { classes } from './classes.ts';
export { Dialog, DialogActions } from './Dialog.tsx';
export {
  type Display,
  diagonalRange,
  type PointerKind,
  pixelsPerMm,
  setDisplay,
  startDisplay,
  targetSize,
  useDisplay,
} from './display.ts';
export { CheckField, Problem, SelectField, TextField } from './Field.tsx';
export { memory, tabMemory } from './memory.ts';
export { dismiss, Notices, notify } from './Notices.tsx';
export { type MenuItem, MenuList, Popover } from './Popover.tsx';
export { PressButton, PressIconButton } from './PressButton.tsx';
export { Progress } from './Progress.tsx';
export { type PaintWatch, watchPaint } from './paint-watch.ts';
export { type PatchBox, PatchCanvas, union } from './patch-canvas.ts';
export { type PressHandlers, usePress } from './press.ts';
export { Segmented } from './Segmented.tsx';
export { Slider } from './Slider.tsx';
export { createStore, type Store, useStore } from './store.ts';
