import type { Cursor } from '@yuepian/contract';
import { useLocation } from 'wouter';
import type { View } from '../engine/index.ts';
import { AwayNotice, Cursors, ReplayBar } from '../meeting/index.ts';
import { useDisplay } from '../ui/index.ts';
import { caseAddress } from './case-address.ts';
import { goToMark } from './mark-jump.ts';
import type { Room } from './room.ts';
import { useRoom, useRoomState } from './room-context.ts';
import { shownImage } from './room-state.ts';

/** Where the others point in one view. */
export function RoomCursors({ view }: { readonly view: View }) {
  const room = useRoom();
  const textSize = useDisplay().smallText;
  return (
    <Cursors
      live={room.connection.live}
      view={view}
      textSize={textSize}
      isHere={(cursor) => isHere(room, cursor)}
      onPoint={(at) => room.meeting.point(view, at)}
    />
  );
}

function isHere(room: Room, cursor: Cursor): boolean {
  const { shown, replay } = room.state.get();
  if (!shown || replay) return false;
  if (shown.kind === 'volume') {
    return cursor.frameOfReferenceUid === shown.manifest.frameOfReferenceUid;
  }
  const image = shownImage(room.state.get());
  return (
    cursor.frame !== undefined &&
    image?.sopInstanceUid === cursor.frame.sopInstanceUid &&
    image.frame === cursor.frame.frame
  );
}

/** The bar of a running replay; nothing in the present. */
export function RoomReplay() {
  const room = useRoom();
  const [, navigate] = useLocation();
  const replay = useRoomState((s) => s.replay);
  if (!replay) return null;
  return (
    <ReplayBar
      replay={replay}
      mayCopy={room.mayChange}
      onExit={() => room.meeting.closeReplay()}
      onBackToView={() => room.meeting.backToReplay()}
      onBirth={(id) => {
        const mark = room.content.content.marks.find((m) => m.id === id);
        if (mark) goToMark(room, mark);
      }}
      onContinue={async (title) => {
        const copy = await room.meeting.continueAsCopy(title);
        navigate(caseAddress(copy));
      }}
    />
  );
}

/** What the others did meanwhile. */
export function RoomAway() {
  const room = useRoom();
  const isReplaying = useRoomState((s) => s.replay !== undefined);
  if (isReplaying) return null;
  const find = (id: string) => room.content.content.marks.find((m) => m.id === id);
  return (
    <AwayNotice
      away={room.connection.away}
      exists={(id) => find(id) !== undefined}
      onGoTo={(id) => {
        const mark = find(id);
        if (mark) goToMark(room, mark);
      }}
    />
  );
}
