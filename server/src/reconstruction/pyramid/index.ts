export { boxAverage, downsampleLabels } from './downsample.ts';
export { type LevelPlan, labelLevel, planLevels } from './levels.ts';
export { Bounded, readLevel, slabFile, writePyramid } from './slabs.ts';
export { percentileWindow, valueRange } from './statistics.ts';
export { frameThumbnail, thumbnailSide, volumeThumbnail } from './thumbnail.ts';
