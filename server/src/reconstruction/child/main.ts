import { YuepianError } from '@yuepian/contract';
import { FileBlobStore, isBlobKey } from '../../storage/index.ts';
import { classicalSet, DerivedFolder, setNameOf } from '../derived.ts';
import { readLevel } from '../pyramid/index.ts';
import { type ChildTask, type FromChild, type ToChild, toChild } from './protocol.ts';
import { readHeader, type SeriesFile } from './series-files.ts';
import { makeStructures } from './structures.ts';
import { type DerivedSeries, deriveSeries } from './volumes.ts';

/** The reconstruction process: one task, then the end. It writes only below derived/ and its scratch folder. */

const waiting: ((message: ToChild) => void)[] = [];
process.on('message', (raw) => waiting.shift()?.(toChild.parse(raw)));
// The server is gone: nobody would file what comes out, and the next server starts the job again.
process.on('disconnect', () => process.exit(1));

const next = (): Promise<ToChild> =>
  new Promise((resolve) => {
    waiting.push(resolve);
  });

/** Resolves when it is on its way; gives the server's kill and answers their turn. */
const tell = (message: FromChild): Promise<void> =>
  new Promise((resolve, reject) => {
    process.send?.(message, undefined, {}, (error) => (error ? reject(error) : resolve()));
  });

const ask = async (message: FromChild): Promise<ToChild> => {
  const answer = next();
  await tell(message);
  return answer;
};

let toldAt = 0;
let toldStep = '';
function onStep(step: string, fraction: number): void {
  const now = performance.now();
  if (step === toldStep && now - toldAt < 100) return;
  toldAt = now;
  toldStep = step;
  void tell({ type: 'progress', step, fraction });
}

async function filesOf(task: ChildTask): Promise<SeriesFile[]> {
  const blobs = await FileBlobStore.open(task.dataFolder, { cleanTmp: false });
  return task.instances.map(({ sopInstanceUid, blob }) => ({
    sopInstanceUid,
    read: async (length) => {
      if (!isBlobKey(blob)) throw new YuepianError('not_found', { what: blob });
      return blobs.bytes(blob, length === undefined ? undefined : { start: 0, end: length });
    },
  }));
}

async function run(task: ChildTask): Promise<void> {
  const derived = new DerivedFolder(task.dataFolder);
  const files = await filesOf(task);
  if (task.start === 'segments') {
    const { readForeign } = await import('../foreign/read-foreign.ts');
    await readForeign({ task, files, derived, onStep, ask, tell });
    return;
  }
  const main =
    task.start === 'structures' || task.start === 'model'
      ? await loadMain(task, derived)
      : await deriveAndAsk(task, files, derived);
  if (!main) return;
  const { volume, manifest } = main;
  const first = manifest.source[0]?.sopInstanceUid;
  const file = files.find((f) => f.sopInstanceUid === first) ?? files[0];
  if (!file) throw new YuepianError('not_found', { what: task.seriesInstanceUid });
  const name = task.modelId ? setNameOf('model', task.modelId) : classicalSet;
  const earlier = await derived.structures(manifest.id, name);
  const common = {
    volume,
    manifest,
    header: await readHeader(file),
    folder: derived.setFolder(manifest.id, name),
    scratch: task.scratch,
    // What a run that was cut off has left is nobody's result.
    earlier: earlier?.complete ? earlier : undefined,
    memoryBytes: task.memoryBytes,
    onStep,
    onStructures: () => void tell({ type: 'structures', volumeId: manifest.id }),
    onSegmentation: async (path: string, sopInstanceUid: string) => {
      await ask({ type: 'segmentation', file: path, sopInstanceUid });
    },
  };
  if (task.modelId === undefined) return makeStructures(common);
  if (task.finding) {
    const { makeFinding } = await import('../findings/make-finding.ts');
    return makeFinding({ ...common, finding: task.finding });
  }
  // Loaded only here: the other jobs need no inference engine.
  const { ModelRegistry } = await import('../networks/registry.ts');
  const { runModel } = await import('../networks/run-model.ts');
  const model = await new ModelRegistry(task.dataFolder).get(task.modelId);
  await runModel({ ...common, model: model.manifest, modelFolder: model.folder });
}

/** Derives the volumes; the voxels of the main one when the server wants models right away. */
async function deriveAndAsk(
  task: ChildTask,
  files: readonly SeriesFile[],
  derived: DerivedFolder,
): Promise<DerivedSeries['main']> {
  const series = await deriveSeries(files, {
    seriesInstanceUid: task.seriesInstanceUid,
    fingerprint: task.fingerprint,
    derived: derived.root,
    scratch: task.scratch,
    memoryBytes: task.memoryBytes,
    onStep,
  });
  const answer = await ask({ type: 'laid-out', layout: series.layout });
  return answer.type === 'go-on' && answer.structures ? series.main : undefined;
}

/** The volume again from its finest level, bit by bit what it was. */
async function loadMain(task: ChildTask, derived: DerivedFolder): Promise<DerivedSeries['main']> {
  const manifest = task.mainVolume && (await derived.manifest(task.mainVolume));
  const [level] = manifest ? manifest.levels : [];
  if (!manifest || !level) throw new YuepianError('not_found', { what: 'volume' });
  const data = await readLevel(derived.folder(manifest.id), level, manifest.voxelType, {
    onProgress: (f) => onStep('read', f * 0.02),
  });
  const { size, affine, frameOfReferenceUid } = manifest;
  return { manifest, volume: { size, affine, frameOfReferenceUid, data } };
}

const message = await next();
if (message.type === 'start') {
  try {
    await run(message.task);
    await tell({ type: 'done' });
  } catch (error) {
    const known = asYuepian(error);
    const stack = error instanceof Error ? error.stack : String(error);
    await tell({
      type: 'failed',
      code: known.code,
      details: { ...known.details },
      ...(stack ? { stack } : {}),
    });
  }
}
process.disconnect();

/** What nobody foresaw counts as a crash; the stack goes into the server's log. */
function asYuepian(error: unknown): YuepianError {
  if (error instanceof YuepianError) return error;
  if (error instanceof RangeError && /allocation|array length/i.test(error.message)) {
    return new YuepianError('out_of_memory', { needed: '?', available: '?' });
  }
  const code = error instanceof Error && 'code' in error ? error.code : '';
  if (code === 'ENOSPC' || code === 'EDQUOT') return new YuepianError('storage_full');
  return new YuepianError('job_crashed');
}
