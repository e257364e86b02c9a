import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { type Dataset, describeInstance, frameBytes, readDataset } from '@yuepian/dicom';
import { describe, expect, it } from 'vitest';
import { paletteOf } from '../read.ts';
import { hasTestData, testData, testDataPath } from '../testing.ts';
import { type DecodedFrame, DecodePool, decodeFrame, inflateDataset } from './index.ts';

const read = async (file: string): Promise<Dataset> =>
  readDataset(await testData(file), { inflateRaw: inflateDataset });

async function decode(dataset: Dataset, frame = 1): Promise<DecodedFrame> {
  const { image, transferSyntaxUid } = describeInstance(dataset);
  if (image === undefined) throw new Error('no image');
  const indexed = image.photometricInterpretation === 'PALETTE COLOR';
  return await decodeFrame(image, transferSyntaxUid, frameBytes(dataset, frame), {
    vr: dataset.vr(0x7fe00010) ?? 'OW',
    ...(indexed ? { palette: paletteOf(dataset) } : {}),
  });
}

const decodeFile = async (file: string, frame = 1): Promise<DecodedFrame> =>
  decode(await read(file), frame);

const md5 = ({ samples }: DecodedFrame): string =>
  createHash('md5').update(new Uint8Array(samples.buffer)).digest('hex').slice(0, 8);

function difference(a: ArrayLike<number>, b: ArrayLike<number>): { mean: number; most: number } {
  let [sum, most] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    const d = Math.abs((a[i] as number) - (b[i] as number));
    sum += d;
    most = Math.max(most, d);
  }
  return { mean: sum / a.length, most };
}

const folder = 'transfer_syntaxes/ctimage';
const ct = (part: string): string =>
  `${folder}/${readdirSync(testDataPath(folder)).find((f) => f.endsWith(`${part}.dcm`))}`;

describe.skipIf(!hasTestData)('the same CT slice in every transfer syntax', () => {
  const lossless = ['2', '2.1', '2.2', '2.1.99', '2.5', '2.4.57', '2.4.70', '2.4.80', '2.4.90'];
  it.each(lossless)('1.2.840.10008.1.%s is identical', async (uid) => {
    const truth = await decodeFile(`${folder}/CTImage.dcm`);
    const decoded = await decodeFile(ct(`_1.2.840.10008.1.${uid}`));
    expect(truth.samples).toBeInstanceOf(Int16Array);
    expect(difference(decoded.samples, truth.samples)).toEqual({ mean: 0, most: 0 });
  });

  it.each([
    ['2.4.81', 3],
    ['2.4.91', 30],
  ])('1.2.840.10008.1.%s is within the error of its codec', async (uid, most) => {
    const truth = await decodeFile(`${folder}/CTImage.dcm`);
    const decoded = await decodeFile(ct(`_1.2.840.10008.1.${uid}`));
    const error = difference(decoded.samples, truth.samples);
    expect(error.mean).toBeLessThan(most / 3);
    expect(error.most).toBeLessThanOrEqual(most);
    expect(error.most).toBeGreaterThan(0);
  });

  // These files hold the window of the image as 8 or 12 unsigned bits, so the shape is compared.
  it.each(['2.4.50', '2.4.51', '2.4.53', '2.4.55'])(
    '1.2.840.10008.1.%s follows the original',
    async (uid) => {
      const truth = await decodeFile(`${folder}/CTImage.dcm`);
      const decoded = await decodeFile(ct(`_1.2.840.10008.1.${uid}`));
      expect(correlation(decoded.samples, truth.samples)).toBeGreaterThan(0.99);
    },
  );
});

function correlation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const n = a.length;
  let [sa, sb, saa, sbb, sab] = [0, 0, 0, 0, 0];
  for (let i = 0; i < n; i++) {
    const [x, y] = [a[i] as number, b[i] as number];
    sa += x;
    sb += y;
    saa += x * x;
    sbb += y * y;
    sab += x * y;
  }
  return (n * sab - sa * sb) / Math.sqrt((n * saa - sa * sa) * (n * sbb - sb * sb));
}

describe.skipIf(!hasTestData)('images other decoders agree on', () => {
  // First eight digits of the MD5 of pydicom 2.3.1's pixel array.
  it.each([
    ['dicom_cases/12bit-lossy/pydicom__JPEG-lossy.dcm', '812050a7'],
    ['dicom_cases/wg04/dicom-test-files__CT1_J2KR', 'f3a3d0e7'],
    ['dicom_cases/wg04/dicom-test-files__CT1_JLSL', 'f3a3d0e7'],
    ['dicom_cases/wg04/dicom-test-files__CT1_RLE', 'f3a3d0e7'],
    ['dicom_cases/fo-dicom-regress/fo-dicom__D_CLUNIE_CT1_RLE_FRAGS.dcm', 'f3a3d0e7'],
    ['dicom_cases/fo-dicom-regress/fo-dicom__GH184.dcm', 'affacce6'],
    ['dicom_cases/colour/pydicom__SC_rgb_dcmtk_+eb+cr.dcm', 'c1d1a1b3'],
    ['dicom_cases/colour/pydicom__SC_rgb_rle.dcm', '6e292886'],
    ['dicom_cases/colour/orthanc-tests__ColorTestMalaterre.dcm', '8577b628'],
    ['dicom_cases/colour/orthanc-tests__2022-11-14-RLEPlanarConfiguration.dcm', '56fc4711'],
    ['dicom_cases/colour/pydicom__SC_rgb_small_odd.dcm', '69b65cb3'],
    ['dicom_cases/charset-image/orthanc-tests__SCSX1', 'b5658dca'],
  ])('%s', async (file, digest) => {
    expect(md5(await decodeFile(file))).toBe(digest);
  });

  it.each(['', '_rle', '_j2k', '_deflate', '_expb'])(
    'a bit-packed segmentation, liver%s',
    async (kind) => {
      const truth = await read('transfer_syntaxes/pydicom_data/liver.dcm');
      const other = await read(`transfer_syntaxes/pydicom_data/liver${kind}.dcm`);
      for (const frame of [1, 2, 3]) {
        expect(md5(await decode(other, frame))).toBe(md5(await decode(truth, frame)));
      }
    },
  );

  it('colour patterns: palette of 8 and 16 bits, RGB and lossless coders show the same', async () => {
    const patterns = `${folder}/TestPattern`;
    const rgb = await decodeFile(`${patterns}_RGB.dcm`);
    for (const lossless of ['JPEG-LS-Lossless', 'JPEG-Lossless_RGB']) {
      expect(md5(await decodeFile(`${patterns}_${lossless}.dcm`))).toBe(md5(rgb));
    }
    const palette = await decodeFile(`${patterns}_Palette.dcm`);
    expect(md5(await decodeFile(`${patterns}_Palette_16.dcm`))).toBe(md5(palette));
    for (const lossy of ['JPEG-Baseline_YBRFull', 'JPEG-Baseline_YBR422', 'JPEG-LS-NearLossless']) {
      const decoded = await decodeFile(`${patterns}_${lossy}.dcm`);
      expect(difference(decoded.samples, rgb.samples).mean).toBeLessThan(4);
    }
  });

  it('YBR of three kinds comes out as the RGB it was made from', async () => {
    // Colour bars, stored as RGB, by JPEG with two samplings, and as native 4:2:2.
    const truth = await decodeFile('dicom_cases/colour/pydicom__SC_rgb_rle.dcm');
    for (const file of [
      'SC_rgb_jpeg_dcmtk',
      'SC_rgb_dcmtk_+eb+cy+s4',
      'SC_ybr_full_422_uncompressed',
    ]) {
      const decoded = await decodeFile(`dicom_cases/colour/pydicom__${file}.dcm`);
      const error = difference(decoded.samples, truth.samples);
      expect(error.mean).toBeLessThan(1);
      expect(error.most).toBeLessThanOrEqual(8);
    }
  });

  it('HTJ2K, lossless and not', async () => {
    const image = {
      rows: 480,
      columns: 640,
      numberOfFrames: 1,
      samplesPerPixel: 3,
      photometricInterpretation: 'RGB',
      bitsAllocated: 8,
      bitsStored: 8,
      highBit: 7,
      pixelRepresentation: 0,
      planarConfiguration: 0,
      sampleType: 'integer',
    } as const;
    // These files lack the study and series, so only their pixels are read.
    const of = async (file: string) => {
      const dataset = await read(`transfer_syntaxes/pydicom_data/${file}`);
      return await decodeFrame(image, dataset.transferSyntaxUid, frameBytes(dataset, 1));
    };
    const lossless = await of('HTJ2KLossless_08_RGB.dcm');
    const lossy = await of('HTJ2K_08_RGB.dcm');
    expect(difference(lossy.samples, lossless.samples).mean).toBeLessThan(3);
    expect(md5(lossless)).toBe('aeec52de');
  });

  it('fragments without an offset table belong to the right frames', async () => {
    const dataset = await read(`${folder}/CT0012.fragmented_no_bot_jpeg_baseline.51.dcm`);
    const [first, second] = [await decode(dataset, 1), await decode(dataset, 2)];
    expect(first.samples.length).toBe(512 * 512);
    expect(second.samples.length).toBe(512 * 512);
  });

  it('stored signed in a codestream that says unsigned', async () => {
    const { samples } = await decodeFile('transfer_syntaxes/odd/J2K_pixelrep_mismatch.dcm');
    expect(samples[0]).toBe(-2000);
    expect(samples.every((v) => v >= -4096 && v < 4096)).toBe(true);
  });
});

describe.skipIf(!hasTestData)('garbage in a codestream', () => {
  const files = ['2.4.50', '2.4.51', '2.4.70', '2.4.80', '2.4.90', '2.5'];

  it('is an error, and the next image is right', async () => {
    const truth = md5(await decodeFile(`${folder}/CTImage.dcm`));
    let seed = 1;
    const random = () => {
      seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
      return seed / 0x7fffffff;
    };
    for (const uid of files) {
      const dataset = await read(ct(`_1.2.840.10008.1.${uid}`));
      const { image, transferSyntaxUid } = describeInstance(dataset);
      if (image === undefined) throw new Error('no image');
      const good = frameBytes(dataset, 1);
      const bad = [
        good.subarray(0, good.length >> 1),
        Uint8Array.from(good, (v, i) => (i > 300 && random() < 0.01 ? random() * 256 : v)),
        Uint8Array.from(good, (v, i) => (i < 60 && random() < 0.2 ? random() * 256 : v)),
        Uint8Array.from(good, () => random() * 256),
        new Uint8Array(0),
      ];
      for (const bytes of bad) {
        const decoded = await decodeFrame(image, transferSyntaxUid, bytes).catch((e: unknown) => e);
        if (decoded instanceof Error) expect(decoded).toMatchObject({ code: 'cannot_decode' });
        else expect(decoded).toMatchObject({ rows: 512, columns: 512 });
      }
      const cut = decodeFrame(image, transferSyntaxUid, bad[0] as Uint8Array);
      await expect(cut).rejects.toMatchObject({ code: 'cannot_decode' });
      expect(md5(await decodeFile(ct('_1.2.840.10008.1.2.4.90')))).toBe(truth);
    }
  });

  it('cannot claim another size than the header', async () => {
    const dataset = await read(ct('_1.2.840.10008.1.2.4.90'));
    const { image, transferSyntaxUid } = describeInstance(dataset);
    if (image === undefined) throw new Error('no image');
    const huge = Uint8Array.from(frameBytes(dataset, 1));
    // Xsiz and Ysiz of the SIZ marker.
    huge.fill(0x7f, 8, 16);
    await expect(decodeFrame(image, transferSyntaxUid, huge)).rejects.toMatchObject({
      code: 'cannot_decode',
    });
  });
});

describe.skipIf(!hasTestData)('DecodePool', () => {
  it('gives what decodeFrame gives, several at once', async () => {
    const pool = new DecodePool({ threads: 2 });
    const dataset = await read(ct('_1.2.840.10008.1.2.4.80'));
    const { image, transferSyntaxUid } = describeInstance(dataset);
    if (image === undefined) throw new Error('no image');
    const task = { image, transferSyntaxUid, bytes: frameBytes(dataset, 1), options: {} };
    const frames = await Promise.all([1, 2, 3, 4].map(() => pool.decode(task)));
    const truth = md5(await decode(dataset));
    expect(frames.map(md5)).toEqual([truth, truth, truth, truth]);
    await expect(pool.decode({ ...task, bytes: new Uint8Array(5) })).rejects.toMatchObject({
      code: 'cannot_decode',
    });
    expect(md5(await pool.decode(task))).toBe(truth);
    await pool.close();
  });

  it('gives up a decoder that takes too long, and goes on', async () => {
    const pool = new DecodePool({ threads: 1, timeoutMs: 1 });
    const dataset = await read(ct('_1.2.840.10008.1.2.4.90'));
    const { image, transferSyntaxUid } = describeInstance(dataset);
    if (image === undefined) throw new Error('no image');
    const task = { image, transferSyntaxUid, bytes: frameBytes(dataset, 1), options: {} };
    const outcomes = await Promise.allSettled([pool.decode(task), pool.decode(task)]);
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'cannot_decode' } });
    }
    await pool.close();
  });
});
