import { YuepianError } from '@yuepian/contract';
import { type Entry, openPromise, validateFileName, type ZipFile } from 'yauzl';

/** A file in a zip, or why it is left alone. */
export type ZipItem =
  | { readonly name: string; readonly open: () => Promise<AsyncIterable<Uint8Array>> }
  | { readonly name: string; readonly problem: YuepianError };

const maximumEntries = 200_000;
/** A zip may unpack to this much, plus this many times its size: CT slices shrink 2–4 times. */
const freeBytes = 4 * 2 ** 30;
const maximumRatio = 100;
const encryptedFlag = 1;
const utf8Flag = 1 << 11;

/**
 * Files of a zip on disk, one at a time; each is to be read before the next is asked for.
 *
 * @throws broken_archive when it cannot be read on, or would unpack to too much.
 */
export async function* zipItems(path: string, bytes: number): AsyncGenerator<ZipItem> {
  let zip: ZipFile | undefined;
  const limit = freeBytes + bytes * maximumRatio;
  let total = 0;
  let count = 0;
  try {
    // Names are decoded here: yauzl would end at the first unsafe one, and knows no GBK.
    zip = await openPromise(path, { autoClose: false, decodeStrings: false, lazyEntries: true });
    const opened = zip;
    for await (const entry of opened.eachEntry()) {
      const name = nameOf(entry);
      if (name.endsWith('/')) continue;
      total += entry.uncompressedSize;
      if (total > limit || ++count > maximumEntries) {
        throw new YuepianError('broken_archive', { reason: 'it unpacks to far too much' });
      }
      // Nothing is ever written under this name; it is refused because whoever made it meant harm.
      if (validateFileName(name.replaceAll('\\', '/')) !== null) {
        yield { name, problem: new YuepianError('unsafe_path') };
      } else if ((entry.generalPurposeBitFlag & encryptedFlag) !== 0) {
        yield { name, problem: new YuepianError('broken_archive', { reason: 'it is encrypted' }) };
      } else {
        yield { name, open: () => contentOf(opened, entry) };
      }
    }
  } catch (error) {
    throw damaged(error);
  } finally {
    zip?.close();
  }
}

async function contentOf(zip: ZipFile, entry: Entry): Promise<AsyncIterable<Uint8Array>> {
  try {
    const stream = await zip.openReadStreamPromise(entry);
    return guarded(stream);
  } catch (error) {
    throw damaged(error);
  }
}

async function* guarded(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* stream;
  } catch (error) {
    throw damaged(error);
  }
}

function damaged(error: unknown): YuepianError {
  if (error instanceof YuepianError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new YuepianError('broken_archive', { reason: reason.slice(0, 200) }, { cause: error });
}

/** UTF-8 where the zip says so or the bytes are; else GB18030, which Chinese Windows writes. */
function nameOf(entry: Entry): string {
  const raw = entry.fileNameRaw;
  const unicode = (entry.generalPurposeBitFlag & utf8Flag) !== 0;
  try {
    return new TextDecoder('utf-8', { fatal: !unicode }).decode(raw);
  } catch {
    return new TextDecoder('gb18030').decode(raw);
  }
}
