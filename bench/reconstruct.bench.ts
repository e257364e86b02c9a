import { studyDetail } from '@yuepian/contract';
import { print } from './figure.ts';
import { residentMb, watchPeak } from './memory.ts';
import { phantomCt } from './phantom.ts';
import { startServer, waitFor } from './server.ts';
import { stow } from './stow.ts';

/** From the last instance's answer to models that can be shown, through the real server. */
export default async function reconstruct(): Promise<void> {
  for (const slices of [140, 500]) {
    await using server = await startServer();
    await stow(
      { url: `${server.url}/dicom-web/studies`, authorization: server.authorization },
      phantomCt(slices),
    );
    const started = performance.now();
    const seconds = (): number => (performance.now() - started) / 1000;
    const peak = watchPeak(() => residentMb(server.pid));
    const found = new Map<string, number>();
    await waitFor(
      async () => {
        const { studies } = (await (await server.get('/api/studies')).json()) as {
          studies: { studyInstanceUid: string }[];
        };
        const uid = studies[0]?.studyInstanceUid;
        if (!uid) return false;
        const study = studyDetail.parse(await (await server.get(`/api/studies/${uid}`)).json());
        const series = study.series.find((s) => s.modality === 'CT');
        if (series?.volumes.length) found.set('volume', found.get('volume') ?? seconds());
        for (const s of series?.structures ?? []) found.set(s.key, found.get(s.key) ?? seconds());
        return series?.reconstruction.state === 'done';
      },
      240,
      `reconstruction of ${slices} slices`,
    );
    const note = `512×512×${slices}, from the last instance’s answer (settling included)`;
    for (const [key, value] of found)
      print({ name: `reconstruct.${slices}.${key}`, value, unit: 's', n: 1, note });
    print({ name: `reconstruct.${slices}.all`, value: seconds(), unit: 's', n: 1, note });
    print({
      name: `reconstruct.${slices}.server-resident`,
      value: peak.stop(),
      unit: 'MB',
      n: 1,
      note: 'server process while the child works',
    });
  }
}
