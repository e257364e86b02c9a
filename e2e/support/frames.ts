import { type DicomElements, element, uidFrom, writeInstance } from '@yuepian/dicom';

interface ImageOptions {
  readonly seed: string;
  readonly modality: string;
  readonly sopClass: string;
  readonly elements: DicomElements;
  readonly pixels: Uint8Array;
  readonly transferSyntaxUid?: string;
}

/** One valid image instance of a patient with Chinese and hostile parts in the name. */
export function imageInstance(o: ImageOptions): Uint8Array {
  return writeInstance(
    {
      '00080016': element('UI', o.sopClass),
      '00080018': element('UI', uidFrom(`${o.seed}-instance`)),
      '00080020': element('DA', '20261120'),
      '00080060': element('CS', o.modality),
      '0008103E': element('LO', `${o.modality} ${o.seed}`),
      '00100010': element('PN', { Alphabetic: '<b>Li</b>^Na', Ideographic: '李^娜' }),
      '00100020': element('LO', `E2E-${o.seed}`),
      '0020000D': element('UI', uidFrom(`${o.seed}-study`)),
      '0020000E': element('UI', uidFrom(`${o.seed}-series`)),
      '00200013': element('IS', '1'),
      ...o.elements,
      '7FE00010': { vr: o.pixels.length % 2 ? 'OB' : 'OW', bytes: o.pixels },
    },
    o.transferSyntaxUid ? { transferSyntaxUid: o.transferSyntaxUid } : {},
  );
}

const pixelModule = (
  rows: number,
  columns: number,
  bits: number,
  samples: number,
): DicomElements => ({
  '00280002': element('US', samples),
  '00280004': element('CS', samples === 3 ? 'RGB' : 'MONOCHROME2'),
  ...(samples === 3 ? { '00280006': element('US', 0) } : {}),
  '00280010': element('US', rows),
  '00280011': element('US', columns),
  '00280100': element('US', bits),
  '00280101': element('US', bits),
  '00280102': element('US', bits - 1),
  '00280103': element('US', 0),
});

/** A colour cine of `count` frames; frame n is all red, green or blue in turn. */
export function ultrasoundCine(count: number): Uint8Array {
  const [rows, columns] = [48, 64];
  const pixels = new Uint8Array(rows * columns * 3 * count);
  for (let n = 0; n < count; n++) {
    for (let p = 0; p < rows * columns; p++) pixels[(n * rows * columns + p) * 3 + (n % 3)] = 200;
  }
  return imageInstance({
    seed: 'ultrasound',
    modality: 'US',
    sopClass: '1.2.840.10008.5.1.4.1.1.3.1',
    elements: {
      ...pixelModule(rows, columns, 8, 3),
      '00280008': element('IS', String(count)),
      '00181063': element('DS', '50'),
      '00280009': element('AT', 0x00181063),
    },
    pixels,
  });
}

/** An X-ray of 100 × 80 pixels without any spacing: no millimetres may be shown for it. */
export function xrayWithoutSpacing(): Uint8Array {
  const pixels = new Uint16Array(100 * 80).map((_, n) => (n % 80) * 40);
  return imageInstance({
    seed: 'xray',
    modality: 'DX',
    sopClass: '1.2.840.10008.5.1.4.1.1.1.1',
    elements: pixelModule(100, 80, 16, 1),
    pixels: new Uint8Array(pixels.buffer),
  });
}

/** A syntax that nobody here decodes (MPEG-4): stored, and said to be undisplayable. */
export function unsupportedSyntax(): Uint8Array {
  return imageInstance({
    seed: 'mpeg',
    modality: 'XC',
    sopClass: '1.2.840.10008.5.1.4.1.1.77.1.4',
    elements: pixelModule(16, 16, 8, 3),
    pixels: new Uint8Array(16 * 16 * 3),
    transferSyntaxUid: '1.2.840.10008.1.2.4.102',
  });
}
