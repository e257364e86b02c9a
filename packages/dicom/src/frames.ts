import type { Vec3 } from '@yuepian/geometry';
import type { Dataset } from './dataset.ts';
import { tagNumber } from './dictionary.ts';
import { patientOrientation } from './edges.ts';
import { modalityLut, type VoiTable, voiTables, windowsOf } from './lut.ts';
import { isMosaic, mosaicOf } from './mosaic.ts';
import { suvUnit } from './suv.ts';
import type { FrameHeader, ImagePixel, ModalityLut, PaddingRange } from './types.ts';

/**
 * Headers of all frames. Enhanced objects keep their attributes in functional group macros, one item
 * per frame or one shared by all (PS3.3 C.7.6.16); classic ones at the root.
 */
export function frameHeaders(dataset: Dataset, image: ImagePixel): FrameHeader[] {
  const perFrame = dataset.sequence('PerFrameFunctionalGroupsSequence');
  const shared = dataset.item('SharedFunctionalGroupsSequence');
  const common: Common = {
    image,
    dimensions: movingDimensions(dataset),
    padding: paddingOf(dataset, image),
    lut: modalityLut(dataset),
    voiLuts: voiTables(dataset),
  };
  return Array.from({ length: image.numberOfFrames }, (_, n) =>
    frameHeader(new Macros(dataset, shared, perFrame[n]), n + 1, common),
  );
}

/** What holds for all frames. */
interface Common {
  readonly image: ImagePixel;
  readonly dimensions: readonly number[];
  readonly padding: PaddingRange | undefined;
  readonly lut: ModalityLut | undefined;
  readonly voiLuts: readonly VoiTable[];
}

/** Finds an attribute in its macro: of the frame, else shared, else at the root. */
class Macros {
  readonly root: Dataset;
  readonly enhanced: boolean;
  readonly #shared: Dataset | undefined;
  readonly #own: Dataset | undefined;

  constructor(root: Dataset, shared: Dataset | undefined, own: Dataset | undefined) {
    this.root = root;
    this.#shared = shared;
    this.#own = own;
    this.enhanced = shared !== undefined || own !== undefined;
  }

  macro(sequence: string): Dataset | undefined {
    return this.#own?.item(sequence) ?? this.#shared?.item(sequence);
  }

  /** The macro, or the root where classic objects keep the same attribute. */
  of(sequence: string): Dataset {
    return this.macro(sequence) ?? this.root;
  }
}

function frameHeader(m: Macros, frame: number, common: Common): FrameHeader {
  const { image, dimensions, padding, lut, voiLuts } = common;
  const content = m.macro('FrameContentSequence');
  const transform = m.of('PixelValueTransformationSequence');
  const imageType = frameType(m);
  const letters = patientOrientation(m.root);
  return {
    frame,
    ...(isMosaic({ imageType }) ? tiled(m, image) : placement(m, image)),
    ...(letters ? { patientOrientation: letters } : {}),
    imageType,
    rescale: {
      slope: transform.number('RescaleSlope') || 1,
      intercept: transform.number('RescaleIntercept') ?? 0,
    },
    ...(lut ? { modalityLut: lut } : {}),
    unit: unitOf(m, transform, lut !== undefined),
    windows: windowsOf(m.of('FrameVOILUTSequence'), voiLuts),
    ...(padding ? { padding } : {}),
    ...defined({
      stackId: content?.string('StackID') || undefined,
      temporalPosition:
        content?.number('TemporalPositionIndex') ?? m.root.number('TemporalPositionIdentifier'),
      echoNumber: m.root.number('EchoNumbers'),
      echoTime: m.macro('MREchoSequence')?.number('EffectiveEchoTime') ?? m.root.number('EchoTime'),
      triggerTime:
        m.macro('CardiacSynchronizationSequence')?.number('NominalCardiacTriggerDelayTime') ??
        m.root.number('TriggerTime'),
      cardiacPhase: m
        .of('CardiacSynchronizationSequence')
        .number('NominalPercentageOfCardiacPhase'),
      bValue: m.of('MRDiffusionSequence').number('DiffusionBValue'),
      gradient: gradientOf(m),
      acquisitionNumber:
        content?.number('FrameAcquisitionNumber') ?? m.root.number('AcquisitionNumber'),
      acquisitionTime: acquisitionTime(m.root, content),
      contentTime: m.root.string('ContentDate') + m.root.string('ContentTime') || undefined,
      dimensionIndex: dimensionIndex(content, dimensions),
    }),
  };
}

/** An object without the keys whose value is undefined. */
function defined<T extends object>(o: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(o).filter(([, v]) => v !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

type Placement = Pick<
  FrameHeader,
  | 'position'
  | 'orientation'
  | 'pixelSpacing'
  | 'spacingSource'
  | 'sliceThickness'
  | 'spacingBetweenSlices'
>;

function placement(m: Macros, image: ImagePixel): Placement {
  const out: { -readonly [K in keyof Placement]: Placement[K] } = {};
  // The root position of a classic multi-frame object is that of its first frame only.
  const placed = m.enhanced || image.numberOfFrames === 1;
  const position = m.of('PlanePositionSequence').numbers('ImagePositionPatient');
  if (placed && position.length === 3 && position.every(Number.isFinite)) {
    out.position = position as unknown as Vec3;
  }
  const orientation = validOrientation(
    m.of('PlaneOrientationSequence').numbers('ImageOrientationPatient'),
  );
  if (placed && orientation) out.orientation = orientation;
  const measures = m.of('PixelMeasuresSequence');
  const spacing = pair(measures.numbers('PixelSpacing'));
  const detector = pair(m.root.numbers('ImagerPixelSpacing'));
  const region = spacing || detector ? undefined : regionSpacing(m.root);
  if (spacing) {
    out.pixelSpacing = spacing;
    // Equal to the detector's: nobody corrected it for magnification (PS3.3 10.7.1.3), unless said.
    const corrected = m.root.string('PixelSpacingCalibrationType') !== '';
    const same = detector?.every((d, n) => d === spacing[n]) ?? false;
    out.spacingSource = same && !corrected ? 'detector' : 'patient';
  } else if (detector) {
    out.pixelSpacing = detector;
    out.spacingSource = 'detector';
  } else if (region) {
    out.pixelSpacing = region;
    out.spacingSource = 'region';
  }
  const thickness = measures.number('SliceThickness');
  if (thickness !== undefined && thickness > 0) out.sliceThickness = thickness;
  const between = measures.number('SpacingBetweenSlices');
  if (between !== undefined && between !== 0) out.spacingBetweenSlices = Math.abs(between);
  return out;
}

/** The place of a mosaic as a whole is no place of anything in it. */
function tiled(m: Macros, image: ImagePixel): Placement & Pick<FrameHeader, 'mosaic'> {
  const placed = placement(m, image);
  const mosaic = mosaicOf(m.root, image, placed);
  const { position: _, ...rest } = placed;
  return mosaic ? { ...rest, mosaic } : rest;
}

function validOrientation(v: number[]): FrameHeader['orientation'] | undefined {
  if (v.length !== 6 || !v.every(Number.isFinite)) return undefined;
  const [a, b, c, d, e, f] = v as [number, number, number, number, number, number];
  const lengths = [Math.hypot(a, b, c), Math.hypot(d, e, f)];
  // Cosines rounded to a few digits are common; anything coarser is no orientation.
  if (lengths.some((n) => Math.abs(n - 1) > 0.02)) return undefined;
  if (Math.abs(a * d + b * e + c * f) > 0.02) return undefined;
  return [a, b, c, d, e, f];
}

const pair = (v: number[]): readonly [number, number] | undefined =>
  v.length === 2 && v.every((n) => Number.isFinite(n) && n > 0)
    ? [v[0] ?? 0, v[1] ?? 0]
    : undefined;

/** Ultrasound: spacing of the tissue regions, when all agree (PS3.3 C.8.5.5; units 3 = cm). */
function regionSpacing(root: Dataset): readonly [number, number] | undefined {
  const spacings = root
    .sequence('SequenceOfUltrasoundRegions')
    .filter((r) => r.number('RegionSpatialFormat') === 1)
    .filter(
      (r) => r.number('PhysicalUnitsXDirection') === 3 && r.number('PhysicalUnitsYDirection') === 3,
    )
    .map((r) =>
      pair([(r.number('PhysicalDeltaY') ?? 0) * 10, (r.number('PhysicalDeltaX') ?? 0) * 10]),
    );
  const [first] = spacings;
  if (!first || spacings.some((s) => !s || s[0] !== first[0] || s[1] !== first[1]))
    return undefined;
  return first;
}

function frameType(m: Macros): string[] {
  for (const s of [
    'MRImageFrameTypeSequence',
    'CTImageFrameTypeSequence',
    'PETFrameTypeSequence',
  ]) {
    const macro = m.macro(s);
    if (macro) return [...macro.strings('FrameType'), macro.string('ComplexImageComponent')];
  }
  return m.root.strings('ImageType');
}

function unitOf(m: Macros, transform: Dataset, hasLut: boolean): string {
  const units = m.root.string('Units');
  // Without a SUV Type, g/mL is by body weight (PS3.3 C.8.9.1.1.3).
  if (units === 'GML' && /^(BW)?$/.test(m.root.string('SUVType'))) return suvUnit;
  if (units) return unitName(units);
  const type = hasLut
    ? (m.root.item('ModalityLUTSequence')?.string('ModalityLUTType') ?? '')
    : transform.string('RescaleType');
  if (type) return unitName(type);
  const localizer = frameType(m).includes('LOCALIZER');
  return m.root.string('Modality') === 'CT' && transform.has('RescaleIntercept') && !localizer
    ? 'HU'
    : '';
}

/** Terms that say "no unit", and free text, are none (PS3.3 C.11.1.1.2 lists the defined terms). */
const unitName = (term: string): string =>
  /^(US|UNSPECIFIED|NORMALIZED|NONE)$/i.test(term) || /\s/.test(term) ? '' : term;

function paddingOf(d: Dataset, image: ImagePixel): PaddingRange | undefined {
  const value = d.number('PixelPaddingValue');
  if (value === undefined) return undefined;
  const range = 2 ** image.bitsAllocated;
  // Writers mix up US and SS here; bring it to what the samples can hold.
  const inRange = (v: number) => {
    if (image.pixelRepresentation === 1) return v >= range / 2 ? v - range : v;
    return v < 0 ? v + range : v;
  };
  const a = inRange(value);
  const b = inRange(d.number('PixelPaddingRangeLimit') ?? value);
  return { low: Math.min(a, b), high: Math.max(a, b) };
}

function gradientOf(m: Macros): string | undefined {
  const direction = m
    .macro('MRDiffusionSequence')
    ?.item('DiffusionGradientDirectionSequence')
    ?.numbers('DiffusionGradientOrientation');
  const values = direction ?? m.root.numbers('DiffusionGradientOrientation');
  return values.length === 3 ? values.map((v) => v.toFixed(4)).join(' ') : undefined;
}

function acquisitionTime(root: Dataset, content: Dataset | undefined): string | undefined {
  return (
    content?.string('FrameAcquisitionDateTime') ||
    root.string('AcquisitionDateTime') ||
    root.string('AcquisitionDate') + root.string('AcquisitionTime') ||
    undefined
  );
}

/** Pointers that tell where a frame lies, not what it shows. */
const placePointers = new Set(
  [
    'ImagePositionPatient',
    'InStackPositionNumber',
    'PlanePositionSequence',
    'ImageOrientationPatient',
    'SliceLocation',
  ].map(tagNumber),
);

/** Indices of the dimensions that may tell one volume from another (PS3.3 C.7.6.17). */
function movingDimensions(dataset: Dataset): number[] {
  return dataset
    .sequence('DimensionIndexSequence')
    .map((item, n) => ({ n, pointer: item.number('DimensionIndexPointer') }))
    .filter(({ pointer }) => pointer === undefined || !placePointers.has(pointer))
    .map(({ n }) => n);
}

function dimensionIndex(
  content: Dataset | undefined,
  dimensions: readonly number[],
): number[] | undefined {
  const values = content?.numbers('DimensionIndexValues') ?? [];
  if (values.length === 0 || dimensions.length === 0) return undefined;
  return dimensions.map((n) => values[n] ?? 0);
}
