export { ReadingRoom } from './ReadingRoom.tsx';
