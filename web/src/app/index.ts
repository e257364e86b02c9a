export { App, loadAhead } from './App.tsx';
