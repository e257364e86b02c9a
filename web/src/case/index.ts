export { type CaseConnection, connectCase, type SaveState } from './connection.ts';
export { type CaseContent, CaseDocument, type Looks, type ViewPatch } from './document.ts';
export { LiveCase } from './live.ts';
export type { FollowState, LiveCursor, LiveState } from './live-state.ts';
