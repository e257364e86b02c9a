export { AwayNotice } from './AwayNotice.tsx';
export { CasesDialog } from './CasesDialog.tsx';
export { Cursors } from './Cursors.tsx';
export { inkPort } from './ink-port.ts';
export { LeadButton } from './LeadButton.tsx';
export { MeetingStatus } from './MeetingStatus.tsx';
export { People } from './People.tsx';
export { ReplayBar } from './ReplayBar.tsx';
