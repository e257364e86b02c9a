import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type ModelManifest, modelManifest } from '@yuepian/contract';
import { readNifti } from '@yuepian/dicom';
import { affineFromSteps, type Volume } from '@yuepian/geometry';
import { infer } from '@yuepian/reconstruct';
import { describe, expect, it } from 'vitest';
import { ask } from './http.ts';
import { openKServe } from './kserve.ts';
import { inferMonai, probeMonai } from './monai.ts';
import { readBodyParts, writeBodyParts } from './multipart.ts';
import { inflated, writeNifti } from './nifti.ts';

type Handler = (request: IncomingMessage, body: Buffer, response: ServerResponse) => void;

/** An inference server that speaks the published protocol, on a free port. */
async function peer(handler: Handler): Promise<AsyncDisposable & { url: string }> {
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => handler(request, Buffer.concat(chunks), response));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

const manifest = (engine: object, more: object = {}): ModelManifest =>
  modelManifest.parse({
    version: 1,
    id: 'remote',
    modelVersion: '1',
    title: { zh: '远程', en: 'Remote' },
    licence: 'none',
    fits: { modalities: ['CT'] },
    engine,
    tensor: {
      voxelOrder: 'SAR',
      spacing: [2, 2, 2],
      normalisation: { kind: 'none' },
      output: 'logits',
      tiling: { size: [8, 8, 8], step: 1 },
    },
    classCount: 2,
    classes: [{ label: 1, key: 'bone', name: { zh: '骨', en: 'Bone' }, colour: '#e8dcc0' }],
    ...more,
  });

const size = [16, 14, 12] as const;
const volume: Volume = {
  size: [...size],
  affine: affineFromSteps([-2, 0, 0], [0, 2, 0], [0, 0, 2], [10, 20, 30]),
  frameOfReferenceUid: '1.2.3',
  data: Int16Array.from({ length: 16 * 14 * 12 }, (_, n) => (n % 16 < 5 ? 300 : -50)),
};
const truth = Uint8Array.from(volume.data, (v) => (v > 100 ? 1 : 0));

/** Class 1 wins above 100, answered as the binary extension says. */
const kserve =
  (spoil: (answer: { shape: number[]; bytes: Buffer }) => void = () => undefined): Handler =>
  (request, body, response) => {
    if (request.url === '/v2/models/net') {
      response.setHeader('content-type', 'application/json');
      response.end(
        JSON.stringify({
          inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 1, -1, -1, -1] }],
          outputs: [{ name: 'y', datatype: 'FP32', shape: [1, 2, -1, -1, -1] }],
        }),
      );
      return;
    }
    const length = Number(request.headers['inference-header-content-length']);
    const header = JSON.parse(body.subarray(0, length).toString());
    const [input] = header.inputs;
    const values = new Float32Array(new Uint8Array(body.subarray(length)).buffer);
    const logits = new Float32Array(values.length * 2);
    logits.set(
      values.map((v) => v - 100),
      values.length,
    );
    const answer = {
      shape: [1, 2, ...input.shape.slice(2)],
      bytes: Buffer.from(logits.buffer),
    };
    spoil(answer);
    const text = Buffer.from(
      JSON.stringify({
        outputs: [
          {
            name: header.outputs[0].name,
            datatype: 'FP32',
            shape: answer.shape,
            parameters: { binary_data_size: logits.byteLength },
          },
        ],
      }),
    );
    response.setHeader('inference-header-content-length', text.length);
    response.end(Buffer.concat([text, answer.bytes]));
  };

const run = async (url: string, signal?: AbortSignal) => {
  const model = manifest({ kind: 'kserve2', url, model: 'net', input: 'x', output: 'y' });
  const engine = await openKServe(model, signal);
  return infer(volume, model, { modality: 'CT', pass: engine.pass });
};

describe('KServe v2', () => {
  it('gives the labels of a network that runs elsewhere', async () => {
    await using server = await peer(kserve());
    const map = await run(server.url);
    expect(Buffer.compare(map.data, truth)).toBe(0);
  });

  it('says what is wrong with an answer', async () => {
    await using shape = await peer(
      kserve((a) => {
        a.shape[4] = 3;
      }),
    );
    await expect(run(shape.url)).rejects.toMatchObject({ code: 'engine_answer' });
    await using cut = await peer(
      kserve((a) => {
        a.bytes = a.bytes.subarray(0, 40);
      }),
    );
    await expect(run(cut.url)).rejects.toMatchObject({ code: 'engine_answer' });
    await using words = await peer((_request, _body, response) => response.end('<html>'));
    await expect(run(words.url)).rejects.toMatchObject({ code: 'engine_answer' });
    await using angry = await peer((_request, _body, response) => {
      response.statusCode = 503;
      response.end('no model is loaded');
    });
    await expect(run(angry.url)).rejects.toMatchObject({
      code: 'engine_answer',
      details: { reason: 'HTTP 503 no model is loaded' },
    });
  });

  it('says that nobody answers, in time or at all', async () => {
    await using gone = await peer(() => undefined);
    const { url } = gone;
    await expect(ask(url, { timeoutMs: 50 })).rejects.toMatchObject({
      code: 'engine_unreachable',
      details: { reason: 'no answer in time' },
    });
    await gone[Symbol.asyncDispose]();
    await expect(run(url)).rejects.toMatchObject({ code: 'engine_unreachable' });
  });

  it('stops waiting when it is cancelled', async () => {
    const abort = new AbortController();
    const reason = new Error('cancelled');
    await using server = await peer((request, body, response) => {
      if (request.method === 'POST') abort.abort(reason);
      else kserve()(request, body, response);
    });
    await expect(run(server.url, abort.signal)).rejects.toBe(reason);
  });
});

describe('MONAI Label', () => {
  const model = (url: string) => manifest({ kind: 'monailabel', url, model: 'seg' });
  const monai =
    (labels: (image: Volume) => Volume): Handler =>
    async (request, body, response) => {
      if (request.url?.startsWith('/info')) {
        response.end(JSON.stringify({ models: { seg: {} } }));
        return;
      }
      const parts = readBodyParts(body, request.headers['content-type'] ?? '');
      const file = parts.find((p) => p.name === 'file')?.bytes ?? new Uint8Array(0);
      const answer = writeBodyParts([
        { name: 'params', type: 'application/json', bytes: Buffer.from('{"label_names":{}}') },
        {
          name: 'file',
          filename: 'label.nii.gz',
          type: 'application/octet-stream',
          bytes: await writeNifti(labels(readNifti(await inflated(file)))),
        },
      ]);
      response.setHeader('content-type', answer.contentType);
      response.end(answer.body);
    };
  const threshold = (image: Volume): Volume => ({
    ...image,
    data: Uint8Array.from(image.data, (v) => (v > 100 ? 1 : 0)),
  });

  it('sends the whole volume and reads the labels at its own voxels', async () => {
    await using server = await peer(monai(threshold));
    await probeMonai(model(server.url));
    const map = await inferMonai(volume, model(server.url));
    expect(Buffer.compare(map.data, truth)).toBe(0);
    expect(map.segments).toEqual([{ key: 'bone', labels: [1] }]);
  });

  it('reads NRRD, in its own space', async () => {
    const m = volume.affine;
    const head = `NRRD0004\ntype: unsigned char\ndimension: 3\nspace: left-posterior-superior\nsizes: ${size.join(' ')}\nspace directions: (${m[0]},${m[4]},${m[8]}) (${m[1]},${m[5]},${m[9]}) (${m[2]},${m[6]},${m[10]})\nencoding: raw\nspace origin: (${m[3]},${m[7]},${m[11]})\n\n`;
    await using server = await peer((_request, _body, response) => {
      response.end(Buffer.concat([Buffer.from(head), truth]));
    });
    const map = await inferMonai(volume, model(server.url));
    expect(Buffer.compare(map.data, truth)).toBe(0);
  });

  it('refuses labels of another shape, place or number', async () => {
    const spoilt: ((image: Volume) => Volume)[] = [
      (v) => ({ ...v, size: [v.size[0], v.size[1], 6], data: new Uint8Array(16 * 14 * 6) }),
      (v) => ({
        ...threshold(v),
        affine: affineFromSteps([-2, 0, 0], [0, 2, 0], [0, 0, 2], [9, 20, 30]),
      }),
      (v) => ({ ...v, data: new Uint8Array(v.data.length).fill(7) }),
    ];
    for (const labels of spoilt) {
      await using server = await peer(monai(labels));
      await expect(inferMonai(volume, model(server.url))).rejects.toMatchObject({
        code: 'engine_answer',
      });
    }
    await using server = await peer(monai(threshold));
    const other = manifest({ kind: 'monailabel', url: server.url, model: 'nobody' });
    await expect(probeMonai(other)).rejects.toMatchObject({ code: 'engine_answer' });
  });
});
