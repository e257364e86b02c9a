export { type DeskPort, ModelsDesk } from './desk.ts';
export { boxOfVolume, noClip } from './looks/clip.ts';
export { ModelsOverlay } from './ModelsOverlay.tsx';
export { StructuresPanel, type StructuresPanelProps } from './StructuresPanel.tsx';
