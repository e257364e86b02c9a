export { AddIsland, useIslandItem } from './AddIsland.tsx';
export { IslandsLayer } from './IslandsLayer.tsx';
export { Islands } from './islands.ts';
export { isOthersTyping } from './whose.ts';
