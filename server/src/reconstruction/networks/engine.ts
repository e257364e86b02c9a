import { type ModelManifest, YuepianError } from '@yuepian/contract';
import type { Engine } from './output.ts';
import { openKServe } from './remote/kserve.ts';

/**
 * The engine of a model with a tensor, ready to run.
 * @throws YuepianError model_refused, engine_unreachable.
 */
export async function openEngine(
  manifest: ModelManifest,
  folder: string,
  signal?: AbortSignal,
): Promise<Engine> {
  switch (manifest.engine.kind) {
    case 'onnx': {
      // Loaded only here: the engine's library is big, and most processes never need it.
      const { loadOnnx } = await import('./session.ts');
      return loadOnnx(manifest, folder);
    }
    case 'kserve2':
      return openKServe(manifest, signal);
    default:
      throw new YuepianError('invalid_request', {
        reason: `${manifest.engine.kind} has no tensors`,
      });
  }
}
