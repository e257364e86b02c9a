import type { Engine, Problem } from '../engine/index.ts';
import { fetchStudyAhead } from './study.ts';
import { firstTarget } from './targets.ts';

/** The engine and the few plain functions of its room. */
export interface EngineKit {
  readonly engine: Engine;
  readonly scaleBar: typeof import('../engine/index.ts').scaleBar;
}

type Listener = (problem: Problem) => void;
const listeners = new Set<Listener>();
let loading: Promise<EngineKit> | undefined;

/** The one engine of this tab; it lives as long as the page (graphics memory is not given back otherwise). */
export function loadEngine(): Promise<EngineKit> {
  loading ??= start().catch((error: unknown) => {
    // The page says that it cannot start; whoever is asked for help needs to know why.
    console.error(error);
    loading = undefined;
    throw error;
  });
  return loading;
}

/** A link into a study: the engine, the study and its coarsest images, before anything asks for them. */
export async function loadAhead(uid: string): Promise<void> {
  const [kit, study] = await Promise.all([loadEngine(), fetchStudyAhead(uid)]);
  const target = study && firstTarget(study, {});
  if (target?.kind === 'volume') kit.engine.prepare(target.manifest);
}

async function start(): Promise<EngineKit> {
  const { createEngine, scaleBar } = await import('../engine/index.ts');
  const engine = await createEngine({
    onProblem: (problem) => {
      for (const listener of [...listeners]) listener(problem);
    },
    // A phone has neither the pixels nor the memory for the finest level.
    ...(matchMedia('(max-width: 700px)').matches && { finestLevel: 1 }),
  });
  return { engine, scaleBar };
}

export function whenProblem(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
