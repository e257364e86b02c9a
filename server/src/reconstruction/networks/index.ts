export { classicalModelId } from './fit.ts';
export { type FolderRun, runModelOnFolder } from './folder-run.ts';
export { Networks } from './networks.ts';
export { checkWeights, type InstalledModel, ModelRegistry } from './registry.ts';
export { modelRoutes } from './routes.ts';
