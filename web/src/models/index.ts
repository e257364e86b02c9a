export { type DeskPort, ModelsDesk } from './desk.ts';
export { ModelsOverlay } from './ModelsOverlay.tsx';
export { StructuresPanel, type StructuresPanelProps } from './StructuresPanel.tsx';
