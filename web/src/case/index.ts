export type { Away, AwayPerson, AwayState, AwaySummary } from './away.ts';
export { type CaseConnection, connectCase } from './connection.ts';
export { type CaseContent, CaseDocument, type Looks, type ViewPatch } from './document.ts';
export type { FetchLogOptions, MarkEvent } from './history.ts';
export { LiveCase } from './live.ts';
export type { FollowState, LiveCursor, LiveState } from './live-state.ts';
export { Replay, type ReplayState, replaySpeeds } from './replay.ts';
export type { SaveState } from './save-state.ts';
