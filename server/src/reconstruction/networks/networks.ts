import {
  type Job,
  type ModelCatalogue,
  type ModelSummary,
  type RunRequest,
  type SeriesModels,
  type VolumeManifest,
  YuepianError,
} from '@yuepian/contract';
import type { ArchivedSeries } from '../../archive/index.ts';
import type { DerivedFolder } from '../derived.ts';
import { fingerprintOf } from '../planner.ts';
import type { ArchivePort } from '../ports.ts';
import type { JobQueue } from '../queue/index.ts';
import type { SeriesStore } from '../series.store.ts';
import { knownModels } from './catalogue.ts';
import { classicalSummary, doesNotFit, misfitsOf } from './fit.ts';
import { ModelRegistry } from './registry.ts';

export interface NetworksParts {
  readonly dataFolder: string;
  readonly archive: ArchivePort;
  readonly derived: DerivedFolder;
  readonly store: SeriesStore;
  readonly queue: JobQueue;
  readonly allowInternet: boolean;
  readonly memoryBytes: number | undefined;
}

/** Which models there are, which fit a series, and how one is run. */
export class Networks {
  readonly registry: ModelRegistry;
  readonly #parts: NetworksParts;

  constructor(parts: NetworksParts) {
    this.#parts = parts;
    this.registry = new ModelRegistry(parts.dataFolder);
  }

  async list(): Promise<ModelSummary[]> {
    return [classicalSummary, ...(await this.registry.list())];
  }

  async catalogue(): Promise<ModelCatalogue> {
    const installed = new Set((await this.registry.list()).map((model) => model.id));
    const { allowInternet } = this.#parts;
    return {
      internetAllowed: allowInternet,
      entries: knownModels.map((known) => {
        const there = installed.has(known.id);
        const obstacle = there ? undefined : obstacleOf(known.files, allowInternet);
        return {
          ...known,
          files: [...known.files],
          installed: there,
          addable: !there && obstacle === undefined,
          ...(obstacle ? { obstacle } : {}),
        };
      }),
    };
  }

  /**
   * Fetches and installs a model of the catalogue.
   * @throws YuepianError internet_not_allowed, not_found, and those of `ModelRegistry.addFrom`.
   */
  async addKnown(id: string): Promise<ModelSummary> {
    const known = knownModels.find((model) => model.id === id);
    if (!known) throw new YuepianError('not_found', { what: id });
    if (!this.#parts.allowInternet) throw new YuepianError('internet_not_allowed');
    const files = known.files.flatMap(({ sha256, ...file }) =>
      sha256 ? [{ ...file, sha256 }] : [],
    );
    if (files.length === 0 || files.length < known.files.length) {
      throw new YuepianError('not_found', { what: `download of ${id}` });
    }
    return this.registry.addFrom(files, { id });
  }

  /** @throws YuepianError not_found. */
  async forSeries(seriesUid: string): Promise<SeriesModels> {
    const { series, manifest } = await this.#volumeOf(seriesUid);
    const models: SeriesModels['models'] = [];
    for (const summary of await this.registry.list()) {
      const model = await this.registry.get(summary.id);
      const misfits = misfitsOf(model.manifest, series, manifest, this.#parts.memoryBytes);
      models.push({ model: summary, fits: misfits.length === 0, misfits });
    }
    return { models };
  }

  /**
   * Queues a run of a model on a series.
   * @throws YuepianError not_found, not_ready, model_does_not_fit.
   */
  async run(
    seriesUid: string,
    id: string,
    parameters: RunRequest['parameters'] = {},
  ): Promise<Job> {
    const { series, manifest } = await this.#volumeOf(seriesUid);
    const model = await this.registry.get(id);
    const stored = await this.#parts.store.get(seriesUid);
    if (!stored) throw new YuepianError('not_ready');
    const misfits = misfitsOf(model.manifest, series, manifest, this.#parts.memoryBytes);
    const hard = misfits.filter((m) => !parameters.force || m.code === 'no_volume');
    if (hard.length > 0) {
      throw doesNotFit(model.manifest, hard);
    }
    const content = fingerprintOf(await this.#parts.archive.instances(seriesUid));
    return this.#parts.queue.add('model', series, content, {
      openedAt: Date.now(),
      model: { id, title: model.manifest.title },
    });
  }

  async #volumeOf(
    seriesUid: string,
  ): Promise<{ series: ArchivedSeries; manifest: VolumeManifest | undefined }> {
    const series = await this.#parts.archive.oneSeries(seriesUid);
    if (!series) throw new YuepianError('not_found', { what: 'series' });
    const volume = (await this.#parts.store.get(seriesUid))?.layout.mainVolume;
    return { series, manifest: volume && (await this.#parts.derived.manifest(volume)) };
  }
}

function obstacleOf(files: readonly unknown[], internet: boolean) {
  if (files.length === 0) {
    return {
      zh: '没有可直接下载的 ONNX 文件：请按其主页说明导出文件夹，压缩为 zip 后上传。',
      en: 'There is no ONNX file to fetch: export the folder as its home page says, zip it and upload it.',
    };
  }
  if (internet) return undefined;
  const error = new YuepianError('internet_not_allowed');
  return {
    zh: '医院未允许服务器访问互联网。请管理员设置 YUEPIAN_ALLOW_INTERNET=1，或下载后上传。',
    en: error.message,
  };
}
