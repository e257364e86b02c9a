import { useEffect, useRef } from 'react';
import { sentenceOf } from '../api/index.ts';
import type { Problem } from '../engine/index.ts';
import { currentLanguage, text } from '../i18n/index.ts';
import { notify } from '../ui/index.ts';
import { whenProblem } from './load-engine.ts';
import type { Room } from './room.ts';
import type { OpenStudy } from './study.ts';
import { structuresOf } from './targets.ts';

/**
 * Says what the engine could not do. Why a whole view stays empty is said in the view itself. A file
 * that is gone was most likely replaced a moment ago, because the series was derived anew: then the
 * study is asked for again, and only what it still names is said to be missing.
 */
export function useNotices(room: Room, reload: OpenStudy['reload']): void {
  const latest = useRef(reload);
  latest.current = reload;
  useEffect(() => {
    let asked: ReturnType<typeof reload> | undefined;
    return whenProblem(async (problem) => {
      const { url } = problem.details;
      if (problem.error?.code === 'not_found' && typeof url === 'string') {
        // One question for all files that went at once.
        asked ??= latest.current().finally(() => {
          asked = undefined;
        });
        const study = await asked;
        if (!study || !JSON.stringify(study).includes(JSON.stringify(url))) return;
      }
      say(room, problem);
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
