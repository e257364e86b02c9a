import { useEffect, useRef } from 'react';
import { sentenceOf } from '../api/index.ts';
import type { Problem } from '../engine/index.ts';
import { currentLanguage, text } from '../i18n/index.ts';
import { notify } from '../ui/index.ts';
import { whenProblem } from './load-engine.ts';
import type { Room } from './room.ts';
import { structuresOf } from './targets.ts';

/**
 * Says what the engine could not do. Why a whole view stays empty is said in the view itself. A file
 * that is gone was most likely replaced a moment ago, because the series was derived anew: then the
 * study is asked for again, and only what is gone for good is said.
 */
export function useNotices(room: Room, reload: () => void): void {
  const latest = useRef(reload);
  latest.current = reload;
  useEffect(() => {
    const asked = new Set<string>();
    return whenProblem((problem) => {
      const { url } = problem.details;
      const isNews = problem.error?.code === 'not_found' && typeof url === 'string';
      if (isNews && !asked.has(url)) {
        asked.add(url);
        latest.current();
      } else say(room, problem);
    });
  }, [room]);
}

function say(room: Room, problem: Problem): void {
  const t = text();
  switch (problem.code) {
    case 'volume_too_large_for_graphics':
      notify(t.volume.tooLarge, 'caution');
      break;
    case 'context_lost':
      notify(t.volume.contextLost, 'trouble');
      break;
    case 'mesh_failed': {
      const key = String(problem.details.key ?? '');
      const found = structuresOf(room.state.get().shown).find((s) => s.key === key);
      notify(t.volume.modelsFailed(found?.name[currentLanguage()] ?? key), 'caution');
      break;
    }
    case 'labels_failed':
    case 'frame_failed':
      notify(problem.error ? sentenceOf(problem.error) : t.reading.dataFailed, 'caution');
      break;
    case 'volume_failed':
    case 'no_webgl2':
      break;
  }
}
