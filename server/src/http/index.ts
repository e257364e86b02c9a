export {
  type Actor,
  actorOf,
  type Identify,
  type RouteAccess,
  requirePermission,
} from './access.ts';
export { type AppOptions, createApp, socketMessageLimitBytes } from './app.ts';
export { sendError, toYuepianError } from './errors.ts';
export { createEvents, type Events } from './events.ts';
export { consoleLog, type Log, silentLog } from './log.ts';
