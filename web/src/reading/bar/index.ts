export { Bar } from './Bar.tsx';
