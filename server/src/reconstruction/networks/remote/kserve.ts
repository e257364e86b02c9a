import { type ModelManifest, YuepianError } from '@yuepian/contract';
import { z } from 'zod';
import { type Engine, outputOf } from '../output.ts';
import { ask, unusable } from './http.ts';

/*
 * Open Inference Protocol v2 over HTTP with the binary tensor data extension (KServe; Triton and
 * OpenVINO Model Server speak it): a JSON header, its length in `Inference-Header-Content-Length`,
 * then the tensors' bytes in order.
 */

const headerLength = 'inference-header-content-length';

const metadata = z.object({
  inputs: z.array(z.object({ name: z.string(), datatype: z.string(), shape: z.array(z.number()) })),
  outputs: z.array(
    z.object({ name: z.string(), datatype: z.string(), shape: z.array(z.number()) }),
  ),
});

const inferAnswer = z.object({
  outputs: z.array(
    z.object({
      name: z.string(),
      datatype: z.string(),
      shape: z.array(z.number().int().nonnegative()),
      parameters: z
        .object({ binary_data_size: z.number().int().nonnegative() })
        .partial()
        .optional(),
      data: z.array(z.number()).optional(),
    }),
  ),
});

/**
 * Connects to a KServe v2 server: asks for the model and checks names and classes.
 * @throws YuepianError engine_unreachable, engine_answer, model_refused.
 */
export async function openKServe(manifest: ModelManifest, signal?: AbortSignal): Promise<Engine> {
  const { engine, tensor } = manifest;
  if (engine.kind !== 'kserve2' || !tensor) {
    throw new YuepianError('invalid_request', { reason: 'no KServe engine' });
  }
  const base = `${engine.url.replace(/\/+$/, '')}/v2/models/${encodeURIComponent(engine.model)}`;
  const about = readJson(metadata, (await ask(base, { signal, timeoutMs: 20_000 })).bytes, base);
  const input = about.inputs.find((t) => t.name === engine.input);
  const output = about.outputs.find((t) => t.name === engine.output);
  if (!input || !output) {
    const name = input ? engine.output : engine.input;
    throw unusable(base, `it has no tensor “${name}”`, `没有名为“${name}”的张量`);
  }
  const channel = output.shape[tensor.axes === 'NDHWC' ? output.shape.length - 1 : 1] ?? -1;
  if (tensor.output === 'logits' && channel > 0 && channel !== manifest.classCount) {
    throw unusable(
      base,
      `it has ${channel} classes, the manifest ${manifest.classCount}`,
      `有 ${channel} 个类别，清单为 ${manifest.classCount} 个`,
    );
  }
  return {
    device: `KServe ${engine.url}`,
    close: async () => undefined,
    pass: async (values, size) => {
      const [w, h, d] = size;
      const shape = tensor.axes === 'NDHWC' ? [1, d, h, w, 1] : [1, 1, d, h, w];
      const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
      const header = new TextEncoder().encode(
        JSON.stringify({
          inputs: [
            {
              name: engine.input,
              shape,
              datatype: 'FP32',
              parameters: { binary_data_size: bytes.length },
            },
          ],
          outputs: [{ name: engine.output, parameters: { binary_data: true } }],
        }),
      );
      const body = new Uint8Array(header.length + bytes.length);
      body.set(header);
      body.set(bytes, header.length);
      const answer = await ask(`${base}/infer`, {
        method: 'POST',
        headers: {
          'content-type': 'application/octet-stream',
          [headerLength]: String(header.length),
        },
        body,
        signal,
      });
      const { data, dims } = tensorOf(answer, engine.output, base);
      return outputOf(data, dims, size, manifest, (reason, zh) => unusable(base, reason, zh));
    },
  };
}

function tensorOf(
  answer: { headers: Headers; bytes: Uint8Array<ArrayBuffer> },
  name: string,
  url: string,
): { data: Float32Array | Uint8Array; dims: readonly number[] } {
  const { headers, bytes } = answer;
  const stated = headers.get(headerLength);
  const length = stated === null ? bytes.length : Number(stated);
  if (!Number.isInteger(length) || length < 0 || length > bytes.length) {
    throw unusable(url, 'the header length is not valid', '头长度不正确');
  }
  const { outputs } = readJson(inferAnswer, bytes.subarray(0, length), url);
  let at = length;
  for (const output of outputs) {
    const size = output.parameters?.binary_data_size;
    if (output.name !== name) {
      at += size ?? 0;
      continue;
    }
    const width = { FP32: 4, UINT8: 1 }[output.datatype];
    if (!width) {
      throw unusable(url, `tensors of ${output.datatype}`, `张量类型 ${output.datatype}`);
    }
    const count = output.shape.reduce((n, s) => n * s, 1);
    if (size === undefined) {
      const listed = output.data ?? [];
      if (listed.length !== count) throw short(url, count, listed.length);
      const data = width === 4 ? Float32Array.from(listed) : Uint8Array.from(listed);
      return { data, dims: output.shape };
    }
    if (size !== count * width || at + size > bytes.length) {
      throw short(url, count * width, Math.min(size, bytes.length - at));
    }
    const part = bytes.slice(at, at + size);
    return { data: width === 4 ? new Float32Array(part.buffer) : part, dims: output.shape };
  }
  throw unusable(url, `it has no tensor “${name}”`, `没有名为“${name}”的张量`);
}

const short = (url: string, expected: number, actual: number) =>
  unusable(
    url,
    `${expected} bytes expected, ${actual} came`,
    `应有 ${expected} 字节，只有 ${actual} 字节`,
  );

function readJson<T>(schema: z.ZodType<T>, bytes: Uint8Array, url: string): T {
  try {
    return schema.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch (cause) {
    throw unusable(url, 'it is not what the protocol says', '不符合协议', cause);
  }
}
