export { loadAhead } from './load-engine.ts';
export { ReadingRoom } from './ReadingRoom.tsx';
