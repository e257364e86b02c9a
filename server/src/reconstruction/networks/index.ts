export { compute } from './compute.ts';
export { classicalModelId, doesNotFit, misfitsOf } from './fit.ts';
export { Networks } from './networks.ts';
export { checkWeights, type InstalledModel, ModelRegistry } from './registry.ts';
export { modelRoutes } from './routes.ts';
export { conceptsOf, looksOf, sourceOf } from './run-model.ts';
