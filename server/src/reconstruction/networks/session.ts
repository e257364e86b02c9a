import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ModelManifest, YuepianError } from '@yuepian/contract';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { type Engine, outputOf } from './output.ts';
import { readChain } from './planes/chain.ts';
import { openPlanes, type PlaneNetwork } from './planes/planes.ts';
import { refused } from './refusal.ts';

/**
 * Loads an ONNX network. CUDA is tried first and left where it is not there: the package holds the
 * CPU engine only, a hospital that has a card installs the other beside it. On the CPU a plain chain
 * of 3D convolutions runs plane by plane, which gives the same numbers several times faster.
 * @throws YuepianError model_refused for an operator the engine does not know, or a damaged file.
 */
export async function loadOnnx(manifest: ModelManifest, folder: string): Promise<Engine> {
  const { engine, tensor } = manifest;
  if (engine.kind !== 'onnx' || !tensor) throw refused('engine', 'no ONNX engine');
  const file = path.join(folder, engine.file);
  const { session, device } = await open(file);
  if (device === 'CPU' && tensor.axes === 'NCDHW') {
    const chain = readChain(await readFile(file));
    if (chain) {
      await session.release();
      return planeEngine(manifest, await openPlanes(chain));
    }
  }
  const channelsLast = tensor.axes === 'NDHWC';
  return {
    device,
    pass: async (input, size) => {
      const [w, h, d] = size;
      const dims = channelsLast ? [1, d, h, w, 1] : [1, 1, d, h, w];
      const feeds = { [engine.input]: new Tensor('float32', input, dims) };
      const answer = await session.run(feeds, [engine.output]).catch((cause: unknown) => {
        throw asOurs(cause);
      });
      const output = answer[engine.output];
      if (!output) throw refused('tensor_name', engine.output);
      return outputOf(output.data, output.dims, size, manifest);
    },
    close: () => session.release(),
  };
}

function planeEngine(manifest: ModelManifest, network: PlaneNetwork): Engine {
  return {
    device: 'CPU',
    tellsProgress: true,
    pass: async (input, size, onPart) => {
      const { kind, data } = await network.run(input, size, onPart).catch((cause: unknown) => {
        throw asOurs(cause);
      });
      const [w, h, d] = size;
      const dims = kind === 'labels' ? [1, d, h, w] : [1, data.length / (w * h * d), d, h, w];
      return outputOf(data, dims, size, manifest);
    },
    close: () => network.close(),
  };
}

/** Comes with a CUDA build of the engine, beside its binding. */
const cudaLibrary = path.join(
  path.dirname(fileURLToPath(import.meta.resolve('onnxruntime-node'))),
  '../bin/napi-v6',
  process.platform,
  process.arch,
  'libonnxruntime_providers_cuda.so',
);

async function open(file: string): Promise<{ session: InferenceSession; device: string }> {
  const common = {
    // Networks of many classes would otherwise keep gigabytes for the next run that never comes.
    enableCpuMemArena: false,
    intraOpNumThreads: availableParallelism(),
    graphOptimizationLevel: 'all',
    logSeverityLevel: 4,
  } as const;
  // Without its library the engine writes to the log and falls back by itself: not even tried.
  if (existsSync(cudaLibrary)) {
    try {
      const session = await InferenceSession.create(file, {
        ...common,
        executionProviders: ['cuda'],
      });
      return { session, device: 'CUDA' };
    } catch (error) {
      // No card, or no driver for it. What is wrong with the network itself the CPU says as well.
      console.error('CUDA cannot be used', error);
    }
  }
  try {
    const session = await InferenceSession.create(file, { ...common, executionProviders: ['cpu'] });
    return { session, device: 'CPU' };
  } catch (error) {
    throw asOurs(error);
  }
}

function asOurs(error: unknown): YuepianError {
  if (error instanceof YuepianError) return error;
  const text = error instanceof Error ? error.message : String(error);
  const operator =
    /No Op registered for (\w+)/.exec(text)?.[1] ??
    /([\w.]+)(?:\(-?\d+\))? is not a registered function\/op/.exec(text)?.[1] ??
    /Could not find an implementation for (\w+)/.exec(text)?.[1];
  if (operator) return refused('operator', operator, error);
  if (/alloc|out of memory/i.test(text)) {
    return new YuepianError('out_of_memory', { needed: '?', available: '?' }, { cause: error });
  }
  return refused('engine', text.replace(/\s+/g, ' ').slice(0, 200), error);
}
