import {
  type Finding,
  findingJobId,
  findingOfKey,
  findings,
  type Job,
  type Structure,
  YuepianError,
} from '@yuepian/contract';
import type { DerivedFolder } from '../derived.ts';
import { fingerprintOf } from '../planner.ts';
import type { ArchivePort } from '../ports.ts';
import type { JobQueue } from '../queue/index.ts';
import type { SeriesStore } from '../series.store.ts';

export interface FindingsParts {
  readonly archive: ArchivePort;
  readonly derived: DerivedFolder;
  readonly store: SeriesStore;
  readonly queue: JobQueue;
  /** A structure as it is now. @throws YuepianError not_found */
  readonly structure: (id: string) => Promise<Structure>;
}

const titles: Readonly<
  Record<Finding, (of: Structure['name']) => { readonly zh: string; readonly en: string }>
> = {
  bones: () => ({ zh: '正在拆成单块骨', en: 'Splitting into single bones' }),
  stones: ({ zh, en }) => ({ zh: `正在${zh}中查找结石`, en: `Looking for stones: ${en}` }),
};

/** Queues what is made from one structure: single bones of a bone, stones in a kidney. */
export class Findings {
  readonly #parts: FindingsParts;

  constructor(parts: FindingsParts) {
    this.#parts = parts;
  }

  /**
   * @throws YuepianError not_found; not_ready for a preview; invalid_request where nothing can be made
   *   of it; not_confirmed for a kidney no doctor has confirmed: a stone is only as sure as its kidney.
   */
  async start(id: string): Promise<{ job: Job; of: Structure }> {
    const { archive, derived, store, queue } = this.#parts;
    const of = await this.#parts.structure(id);
    if (of.preview) throw new YuepianError('not_ready');
    const finding = findingOfKey(of.key);
    if (!finding) throw new YuepianError('invalid_request', { reason: `no finding in ${of.key}` });
    const manifest = await derived.manifest(of.volumeId);
    const series = manifest && (await archive.oneSeries(manifest.seriesInstanceUid));
    if (!manifest || !series) throw new YuepianError('not_found', { what: 'volume' });
    const layout = (await store.get(series.seriesInstanceUid))?.layout;
    if (layout?.mainVolume !== of.volumeId)
      throw new YuepianError('invalid_request', { reason: 'not the main volume of its series' });
    if (finding === 'stones') {
      if (manifest.unit !== 'HU')
        throw new YuepianError('invalid_request', { reason: 'stones are looked for in CT' });
      if (!of.verified) throw new YuepianError('not_confirmed');
    }
    const content = fingerprintOf(await archive.instances(series.seriesInstanceUid));
    const model = { id: findingJobId(finding, of.id), title: titles[finding](of.name) };
    const job = await queue.add('model', series, content, { openedAt: Date.now(), model });
    return { job, of };
  }
}

/** Title of the set that comes out. */
export const setTitleOf = (finding: Finding, of: Structure['name']): Structure['name'] =>
  finding === 'bones'
    ? findings.bones
    : {
        zh: `${of.zh}${findings.stones.zh}`,
        en: `${findings.stones.en}, ${of.en.toLowerCase()}`,
      };
