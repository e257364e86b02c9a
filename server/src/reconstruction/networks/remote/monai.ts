import { type ModelManifest, YuepianError } from '@yuepian/contract';
import { readNifti } from '@yuepian/dicom';
import { invert, type LabelMap, toPatient, type Volume } from '@yuepian/geometry';
import { postProcess } from '@yuepian/reconstruct';
import { z } from 'zod';
import { ask, unusable } from './http.ts';
import { type BodyPart, readBodyParts, writeBodyParts } from './multipart.ts';
import { inflated, writeNifti } from './nifti.ts';
import { readNrrd } from './nrrd.ts';

/*
 * MONAI Label: `POST /infer/{model}?output=all` with the image as form data (`file`); the answer is
 * multipart with `params` (JSON) and `file`, a label volume as NIfTI or NRRD, or that volume alone.
 */

const info = z.object({ models: z.record(z.string(), z.unknown()) });

/** Asks whether the server is there and has the model. @throws engine_unreachable, engine_answer. */
export async function probeMonai(manifest: ModelManifest, signal?: AbortSignal): Promise<void> {
  const { engine } = manifest;
  if (engine.kind !== 'monailabel') return;
  const url = `${base(engine.url)}/info/`;
  const { bytes } = await ask(url, { signal, timeoutMs: 20_000 });
  const read = info.safeParse(parse(bytes));
  if (!read.success) throw unusable(url, 'it is not what the protocol says', '不符合协议');
  if (!Object.hasOwn(read.data.models, engine.model)) {
    throw unusable(url, `it has no model “${engine.model}”`, `没有模型“${engine.model}”`);
  }
}

/**
 * Sends a whole volume and reads the labels back onto its own grid.
 * @throws YuepianError engine_unreachable; engine_answer for no label volume, one of another shape
 *   or place, or labels beyond the manifest's classes.
 */
export async function inferMonai(
  volume: Volume,
  model: ModelManifest,
  signal?: AbortSignal,
): Promise<LabelMap> {
  const { engine } = model;
  if (engine.kind !== 'monailabel') {
    throw new YuepianError('invalid_request', { reason: 'no MONAI Label engine' });
  }
  const url = `${base(engine.url)}/infer/${encodeURIComponent(engine.model)}?output=all`;
  const { body, contentType } = writeBodyParts([
    { name: 'params', type: 'application/json', bytes: new TextEncoder().encode('{}') },
    {
      name: 'file',
      filename: 'image.nii.gz',
      type: 'application/octet-stream',
      bytes: await writeNifti(volume),
    },
  ]);
  const answer = await ask(url, {
    method: 'POST',
    headers: { 'content-type': contentType },
    body,
    signal,
  });
  const type = answer.headers.get('content-type') ?? '';
  const parts: readonly BodyPart[] = /multipart/i.test(type)
    ? readBodyParts(answer.bytes, type)
    : [{ name: 'file', type, bytes: answer.bytes }];
  const file = parts.find((part) => part.name === 'file' || part.name === 'label') ?? parts.at(-1);
  if (!file) throw unusable(url, 'it holds no label volume', '没有标签体数据');
  const labels = await readLabels(file.bytes, url);
  const data = onto(volume, labels, url);
  let highest = 0;
  for (const v of data) if (v > highest) highest = v;
  if (highest >= model.classCount) {
    throw unusable(
      url,
      `label ${highest}, but ${model.classCount} classes`,
      `出现标签 ${highest}，但只有 ${model.classCount} 个类别`,
    );
  }
  const map = {
    size: volume.size,
    affine: volume.affine,
    frameOfReferenceUid: volume.frameOfReferenceUid,
    data,
  };
  postProcess(
    { ...map, segments: [] },
    new Map(model.classes.map((c) => [c.label, c.postProcessing])),
  );
  const present = new Set(data);
  const segments = model.classes
    .filter((c) => present.has(c.label))
    .map((c) => ({ key: c.key, labels: [c.label] }));
  return { ...map, segments };
}

const base = (url: string): string => url.replace(/\/+$/, '');

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}

async function readLabels(bytes: Uint8Array, url: string): Promise<Volume> {
  try {
    const plain = await inflated(bytes);
    const nrrd = new TextDecoder().decode(plain.subarray(0, 4)) === 'NRRD';
    return nrrd ? await readNrrd(plain) : readNifti(plain);
  } catch (cause) {
    throw unusable(url, 'the label volume cannot be read', '标签体数据无法读取', cause);
  }
}

/** Labels at the volume's own voxels: the same grid turned, or it is refused; none is interpolated. */
function onto(volume: Volume, labels: Volume, url: string): Uint8Array<ArrayBuffer> {
  const inverse = invert(labels.affine);
  const [nx, ny, nz] = volume.size;
  const [lx, ly, lz] = labels.size;
  const out = new Uint8Array(nx * ny * nz);
  if (lx * ly * lz !== out.length) {
    const shape = `${labels.size.join('×')} / ${volume.size.join('×')}`;
    throw unusable(url, `the labels have another shape: ${shape}`, `标签形状不符：${shape}`);
  }
  for (let k = 0, at = 0; k < nz; k++) {
    for (let j = 0; j < ny; j++) {
      for (let i = 0; i < nx; i++, at++) {
        const p = toPatient(inverse, toPatient(volume.affine, [i, j, k]));
        const [x, y, z] = [Math.round(p[0]), Math.round(p[1]), Math.round(p[2])];
        const off = Math.max(Math.abs(p[0] - x), Math.abs(p[1] - y), Math.abs(p[2] - z));
        if (off > 0.05 || x < 0 || y < 0 || z < 0 || x >= lx || y >= ly || z >= lz) {
          throw unusable(url, 'the labels lie on another grid', '标签网格与图像不一致');
        }
        const value = labels.data[x + lx * (y + ly * z)] as number;
        if (!Number.isInteger(value) || value < 0 || value > 255) {
          throw unusable(url, `“${value}” is no label`, `“${value}”不是标签`);
        }
        out[at] = value;
      }
    }
  }
  return out;
}
