/**
 * What needs Cornerstone or vtk.js. Imported when the first planes are on the screen, so that these
 * wait neither for two megabytes of script nor for the set-up of the card.
 */
export { ScenePass } from './scene-pass.ts';
export { Stage } from './stage.ts';
export { VolumeTexture } from './texture.ts';
export { applyCamera, VolumeActor } from './volume-actor.ts';
