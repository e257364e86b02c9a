import { readFileSync } from 'node:fs';
import type { Volume } from '@yuepian/geometry';
import {
  buildVolume,
  type Dataset,
  describeInstance,
  type InstanceHeader,
  layoutSeries,
  nativeFrame,
  readDataset,
  type SeriesLayout,
  type VolumePlan,
} from '../src/index.ts';
import { filesUnder, inflateRaw } from './data.ts';

export interface OpenSeries {
  readonly headers: readonly InstanceHeader[];
  readonly layout: SeriesLayout;
  readonly build: (plan: VolumePlan) => Promise<Volume>;
}

/** All series of a folder, by Series Instance UID; files that are no instances are passed over. */
export function openFolder(path: string): Map<string, OpenSeries> {
  const datasets = new Map<string, Dataset>();
  const series = new Map<string, InstanceHeader[]>();
  for (const file of filesUnder(path)) {
    try {
      const dataset = readDataset(readFileSync(file), { inflateRaw });
      const header = describeInstance(dataset);
      datasets.set(header.sopInstanceUid, dataset);
      const list = series.get(header.seriesInstanceUid) ?? [];
      series.set(header.seriesInstanceUid, [...list, header]);
    } catch {
      // DICOMDIR and the like.
    }
  }
  const source = (ref: { sopInstanceUid: string; frame: number }) =>
    nativeFrame(datasets.get(ref.sopInstanceUid) as Dataset, ref.frame);
  return new Map(
    [...series].map(([uid, headers]) => [
      uid,
      {
        headers,
        layout: layoutSeries(headers),
        build: async (plan) => (await buildVolume(plan, source)).volume,
      },
    ]),
  );
}

/** The only series of a folder. */
export function openSeries(path: string): OpenSeries {
  const [only, more] = [...openFolder(path).values()];
  if (!only || more) throw new Error(`not one series in ${path}`);
  return only;
}
