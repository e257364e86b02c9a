import { readFileSync } from 'node:fs';

/** Sends files by STOW-RS, several a request over several connections. @returns seconds. */
export async function stow(
  target: { url: string; authorization?: string },
  files: readonly string[],
  { connections = 4, perRequest = 10 } = {},
): Promise<number> {
  const batches: string[][] = [];
  for (let n = 0; n < files.length; n += perRequest) batches.push(files.slice(n, n + perRequest));
  const started = performance.now();
  await Promise.all(
    Array.from({ length: connections }, async () => {
      for (let batch = batches.shift(); batch; batch = batches.shift()) {
        const boundary = `b${Math.random().toString(36).slice(2)}`;
        const parts = batch.flatMap((file) => [
          Buffer.from(`--${boundary}\r\nContent-Type: application/dicom\r\n\r\n`),
          readFileSync(file),
          Buffer.from('\r\n'),
        ]);
        const response = await fetch(target.url, {
          method: 'POST',
          headers: {
            'content-type': `multipart/related; type="application/dicom"; boundary=${boundary}`,
            accept: 'application/dicom+json',
            ...(target.authorization ? { authorization: target.authorization } : {}),
          },
          body: Buffer.concat([...parts, Buffer.from(`--${boundary}--\r\n`)]),
        });
        if (!response.ok)
          throw new Error(`STOW answered ${response.status}: ${await response.text()}`);
        await response.arrayBuffer();
      }
    }),
  );
  return (performance.now() - started) / 1000;
}
