import { toYuepianError } from '../../http/index.ts';
import { checkModel } from './check.ts';

/** The process that checks one model folder: weights of strangers never run in the server. */
const tell = (message: unknown): Promise<void> =>
  new Promise((resolve) => {
    process.send?.(message, undefined, {}, () => resolve());
  });

process.on('disconnect', () => process.exit(1));
const [folder = ''] = process.argv.slice(2);
try {
  await tell({ ok: true, ...(await checkModel(folder)) });
} catch (error) {
  const known = toYuepianError(error, { info: note, warn: note, error: note });
  await tell({ ok: false, code: known.code, details: known.details });
}
process.disconnect();

function note(text: string, cause?: unknown): void {
  console.error(text, cause ?? '');
}
