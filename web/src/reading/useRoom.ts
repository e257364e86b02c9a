import type { CaseId, StudyDetail } from '@yuepian/contract';
import { may } from '@yuepian/contract';
import { useEffect, useRef, useState } from 'react';
import { connectCase } from '../case/index.ts';
import { useMe } from '../identity/index.ts';
import { loadEngine } from './load-engine.ts';
import { Room } from './room.ts';
import { deviceOf } from './useScreen.ts';

export interface OpenRoom {
  readonly room: Room | undefined;
  /** Why the engine could not start. */
  readonly error: unknown;
}

/** The document comes in a moment; images do not wait longer for it than this. */
const documentPatienceMs = 700;

/** Opens a room for a study: engine and document at the same time, images as soon as there are any. */
export function useOpenRoom(study: StudyDetail | undefined, chosen: CaseId | undefined): OpenRoom {
  const me = useMe();
  const [room, setRoom] = useState<Room>();
  const [error, setError] = useState<unknown>();
  const latest = useRef(study);
  latest.current = study;
  const caseId = study && (chosen ?? study.caseId);

  // The engine is most of the bundle: it starts to load before the study has been asked for.
  useEffect(() => void loadEngine().catch(setError), []);

  useEffect(() => {
    if (!caseId || !me) return;
    let isOver = false;
    let opened: Room | undefined;
    const connection = connectCase({
      caseId,
      mayChange: may(me.role, 'annotate'),
      userId: me.id,
      device: deviceOf(),
    });
    const patience = new Promise((resolve) => setTimeout(resolve, documentPatienceMs));
    loadEngine().then(
      async (kit) => {
        const now = latest.current;
        if (isOver || !now) return;
        opened = new Room({ kit, connection, study: now, me, caseId });
        setRoom(opened);
        await Promise.race([connection.arrived, patience]);
        if (!isOver) opened.open();
      },
      (problem: unknown) => setError(problem),
    );
    return () => {
      isOver = true;
      setRoom(undefined);
      if (opened) opened.close();
      else connection.close();
    };
  }, [caseId, me]);

  useEffect(() => {
    if (room && study && room.state.get().study !== study) room.update(study);
  }, [room, study]);
  return { room, error };
}
