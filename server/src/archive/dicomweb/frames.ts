import { YuepianError } from '@yuepian/contract';
import { describeInstance } from '@yuepian/dicom';
import type { FastifyInstance } from 'fastify';
import type { ArchiveParts } from '../archive.ts';
import { isKnown } from '../etag.ts';
import {
  type DecodePool,
  explicitLittleEndian,
  implicitLittleEndian,
  readFrameBytes,
  transferSyntax,
} from '../pixels/index.ts';
import { imageOf, readerOf, readHeader } from '../read.ts';
import { acceptedTypes, type MediaRange, takes } from './accept.ts';
import { type AnswerPart, sendMultipart } from './multipart-answer.ts';
import { type InstancePath, instancesOf } from './wado.ts';

const octets = 'application/octet-stream';

interface Choice {
  readonly multipart: boolean;
  /** Of the parts. */
  readonly type: string;
  /** As stored, or decoded to little-endian samples. */
  readonly stored: boolean;
}

/** Frames (PS3.18 §10.4.1.1.6): `/frames/1,2,3`. */
export function frameRoutes(app: FastifyInstance, parts: ArchiveParts, pool: DecodePool): void {
  app.get<{ Params: InstancePath & { frames: string }; Querystring: { accept?: string } }>(
    '/studies/:study/series/:series/instances/:sop/frames/:frames',
    { config: { permission: 'read' } },
    async (request, reply) => {
      const [instance] = await instancesOf(parts, request.params);
      if (instance === undefined) throw new YuepianError('not_found', { what: 'instance' });
      const frames = parseFrames(request.params.frames);
      const source = readerOf(parts.blobs, instance);
      const header =
        (await parts.index.header(instance.sopInstanceUid)) ??
        describeInstance(await readHeader(source, instance.place));
      const stored = imageOf(header, instance.transferSyntaxUid, instance.place);
      if (stored === undefined) throw new YuepianError('no_pixels');
      const outside = frames.find((n) => n < 1 || n > stored.image.numberOfFrames);
      if (outside !== undefined) throw new YuepianError('not_found', { what: `frame ${outside}` });
      const ranges = acceptedTypes(request.headers.accept, request.query.accept);
      const choice = choose(ranges, instance.transferSyntaxUid, frames.length);
      // The accepted types choose among representations, each with a tag of its own.
      reply.header('vary', 'accept');
      const { multipart, type, stored: asStored } = choice;
      if (isKnown(request, reply, [instance.blob, multipart, type, asStored, ...frames])) {
        return reply.code(304).send();
      }
      const one = async (frame: number): Promise<Uint8Array> => {
        const { bytes, bitOffset, vr } = await readFrameBytes(source, stored, frame);
        if (choice.stored) return bytes;
        const { image, transferSyntaxUid } = stored;
        const task = { image, transferSyntaxUid, bytes, options: { bitOffset, vr } };
        return (await pool.undo(task)).bytes;
      };
      // The first one now: what cannot be decoded is an error and no half answer.
      const first = await one(frames[0] as number);
      const syntax = choice.stored ? instance.transferSyntaxUid : explicitLittleEndian;
      const contentType = `${choice.type}; transfer-syntax=${syntax}`;
      if (!choice.multipart) return reply.type(contentType).send(Buffer.from(first));
      async function* answer(): AsyncGenerator<AnswerPart> {
        yield { contentType, body: first };
        for (const frame of frames.slice(1)) yield { contentType, body: await one(frame) };
      }
      return sendMultipart(reply, choice.type, answer());
    },
  );
}

function parseFrames(text: string): number[] {
  const frames = text.split(',').map((n) => (/^[1-9]\d{0,8}$/.test(n) ? Number(n) : Number.NaN));
  if (frames.length > 10_000 || frames.some((n) => Number.isNaN(n))) {
    throw new YuepianError('invalid_request', { reason: `frames ${text.slice(0, 64)}` });
  }
  return frames;
}

/** @throws not_acceptable */
function choose(ranges: readonly MediaRange[], syntaxUid: string, frames: number): Choice {
  const syntax = transferSyntax(syntaxUid);
  for (const range of ranges) {
    const wanted = range.transferSyntax;
    const multipart = range.multipart || range.type === '*/*';
    if (!multipart && frames > 1) continue;
    if (syntax !== undefined && syntax.mediaType !== octets && range.type !== '*/*') {
      const fits = wanted === undefined || wanted === '*' || wanted === syntaxUid;
      if (takes(range, syntax.mediaType) && fits) {
        return { multipart, type: syntax.mediaType, stored: true };
      }
    }
    if (!takes(range, octets)) continue;
    // `transfer-syntax=*` with octet-stream is how viewers ask for frames as they are stored.
    if (wanted === '*' || (wanted !== undefined && wanted === syntaxUid)) {
      const little = syntaxUid === explicitLittleEndian || syntaxUid === implicitLittleEndian;
      const native = syntax?.coding === 'native';
      return { multipart, type: syntax?.mediaType ?? octets, stored: !native || little };
    }
    if (wanted === undefined || wanted === explicitLittleEndian) {
      if (syntax === undefined) {
        throw new YuepianError('unsupported_transfer_syntax', { uid: syntaxUid });
      }
      return { multipart, type: octets, stored: false };
    }
  }
  throw new YuepianError('not_acceptable', {
    what: ranges
      .map((r) => `${r.type} ${r.transferSyntax ?? ''}`.trim())
      .join(', ')
      .slice(0, 200),
  });
}
