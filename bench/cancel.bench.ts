import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Job, studyDetail, studyList } from '@yuepian/contract';
import { zip } from '../server/src/archive/testing.ts';
import { thresholdNetwork, writeModel } from '../server/src/reconstruction/networks/testing.ts';
import { median, print } from './figure.ts';
import { phantomCt } from './phantom.ts';
import { startServer, waitFor } from './server.ts';
import { stow } from './stow.ts';

const times = 5;

/** Runs of a network cancelled in mid-pass: until the server says so, and until its process is gone. */
export default async function cancel(): Promise<void> {
  await using server = await startServer();
  const folder = await mkdtemp(path.join(tmpdir(), 'cancel-'));
  try {
    await stow(
      { url: `${server.url}/dicom-web/studies`, authorization: server.authorization },
      phantomCt(140),
    );
    const post = async (url: string, body: BodyInit, type: string): Promise<unknown> => {
      const headers = { authorization: server.authorization, 'content-type': type };
      const response = await fetch(server.url + url, { method: 'POST', headers, body });
      if (!response.ok) throw new Error(`${url}: ${await response.text()}`);
      return response.json();
    };
    const series = async () => {
      const list = studyList.parse(await (await server.get('/api/studies')).json());
      const uid = list.studies[0]?.studyInstanceUid;
      if (uid === undefined) return undefined;
      const study = studyDetail.parse(await (await server.get(`/api/studies/${uid}`)).json());
      return study.series.find((s) => s.modality === 'CT');
    };
    await waitFor(async () => (await series())?.reconstruction.state === 'done', 240, 'models');
    const from = await writeModel(path.join(folder, 'slow'), {
      id: 'slow',
      onnx: thresholdNetwork(200),
      // Some hundred thousand passes: never done by itself while this runs.
      tensor: { tiling: { size: [8, 8, 8], step: 0.25 } },
    });
    const files = await Promise.all(
      (await readdir(from)).map(
        async (name) => [name, await readFile(path.join(from, name))] as const,
      ),
    );
    await post('/api/models', new Uint8Array(zip(files)), 'application/zip');
    const uid = (await series())?.seriesInstanceUid ?? '';
    const said: number[] = [];
    const gone: number[] = [];
    for (let n = 0; n < times; n++) {
      const body = JSON.stringify({ modelId: 'slow' });
      const job = (await post(
        `/api/series/${uid}/reconstruction`,
        body,
        'application/json',
      )) as Job;
      await waitFor(async () => (await series())?.modelJob?.step === 'infer', 60, 'the first pass');
      const started = performance.now();
      await post(`/api/jobs/${job.id}/cancel`, '{}', 'application/json');
      said.push(performance.now() - started);
      await waitFor(
        async () => (await childrenOf(server.pid)) === '',
        30,
        'the end of its process',
      );
      gone.push(performance.now() - started);
    }
    const note = '512×512×140 phantom, in mid-pass; goal 2000';
    print({ name: 'networks.cancel.said', value: median(said), unit: 'ms', n: times, note });
    print({ name: 'networks.cancel.gone', value: median(gone), unit: 'ms', n: times, note });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Process ids (Linux). */
const childrenOf = async (pid: number): Promise<string> =>
  (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim();
