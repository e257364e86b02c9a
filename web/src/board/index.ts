export { BoardStart } from './BoardStart.tsx';
