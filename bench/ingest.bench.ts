import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { print } from './figure.ts';
import { residentMb, watchPeak } from './memory.ts';
import { phantomCt } from './phantom.ts';
import { freePort, startServer, waitFor } from './server.ts';
import { stow } from './stow.ts';

/** STOW of a 512×512×500 CT, 4 connections × 10 instances a request; Orthanc beside it where installed. */
export default async function ingest(): Promise<void> {
  const files = phantomCt(500);
  await using server = await startServer();
  const peak = watchPeak(() => residentMb(server.pid));
  const seconds = await stow(
    { url: `${server.url}/dicom-web/studies`, authorization: server.authorization },
    files,
  );
  print({
    name: 'ingest.stow',
    value: files.length / seconds,
    unit: 'instances/s',
    n: files.length,
    note: '4 connections × 10 a request, fsynced before the answer',
  });
  print({
    name: 'ingest.server-resident',
    value: peak.stop(),
    unit: 'MB',
    n: 1,
    note: 'highest during ingest, server process',
  });
  await orthanc(files);
}

async function orthanc(files: readonly string[]): Promise<void> {
  const plugin = '/usr/share/orthanc/plugins/libOrthancDicomWeb.so';
  if (!existsSync('/usr/sbin/Orthanc') || !existsSync(plugin)) return;
  const folder = mkdtempSync(join(tmpdir(), 'yuepian-orthanc-'));
  const port = await freePort();
  const configuration = join(folder, 'orthanc.json');
  writeFileSync(
    configuration,
    JSON.stringify({
      StorageDirectory: join(folder, 'db'),
      IndexDirectory: join(folder, 'db'),
      HttpPort: port,
      DicomServerEnabled: false,
      RemoteAccessAllowed: false,
      AuthenticationEnabled: false,
      HttpCompressionEnabled: false,
      Plugins: [plugin],
    }),
  );
  const child = spawn('/usr/sbin/Orthanc', [configuration], {
    stdio: 'ignore',
    env: { ...process.env, TCP_NODELAY: '1' },
  });
  try {
    const url = `http://127.0.0.1:${port}`;
    await waitFor(
      () =>
        fetch(`${url}/system`).then(
          (r) => r.ok,
          () => false,
        ),
      30,
      'Orthanc start',
    );
    const seconds = await stow({ url: `${url}/dicom-web/studies` }, files);
    print({
      name: 'ingest.stow.orthanc',
      value: files.length / seconds,
      unit: 'instances/s',
      n: files.length,
      note: 'peer, same files and client',
    });
  } finally {
    child.kill('SIGTERM');
    await new Promise<void>((resolve) =>
      child.exitCode === null ? child.once('exit', () => resolve()) : resolve(),
    );
    rmSync(folder, { recursive: true, force: true });
  }
}
