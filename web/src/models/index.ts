export { StructuresPanel, type StructuresPanelProps } from './StructuresPanel.tsx';
