export { editingMigrations } from './editing.store.ts';
export { Editing } from './editing.ts';
export { EditedModels } from './models.ts';
export { editingRoutes } from './routes.ts';
