export { type JobKind, type JobRecord, JobStore, jobMigrations } from './jobs.store.ts';
export { type JobControl, JobQueue, type RunJob } from './queue.ts';
