import type {
  ErrorCode,
  ErrorDetails,
  PatientSummary,
  PersonName,
  VoiWindow,
  Warning,
} from '@yuepian/contract';
import type { Affine, Vec3, VoxelArray } from '@yuepian/geometry';
import type { Suv } from './suv.ts';

export type { Suv };

/** How the pixels of an instance are stored (Image Pixel module, PS3.3 C.7.6.3). */
export interface ImagePixel {
  readonly rows: number;
  readonly columns: number;
  readonly numberOfFrames: number;
  readonly samplesPerPixel: number;
  /** `MONOCHROME1`, `MONOCHROME2`, `PALETTE COLOR`, `RGB`, `YBR_FULL`, … */
  readonly photometricInterpretation: string;
  readonly bitsAllocated: number;
  readonly bitsStored: number;
  readonly highBit: number;
  /** 0 unsigned, 1 two's complement. */
  readonly pixelRepresentation: 0 | 1;
  /** 0 colour by pixel, 1 colour by plane. */
  readonly planarConfiguration: 0 | 1;
  /** `float32`/`float64` for Float (7FE0,0008) and Double Float Pixel Data (7FE0,0009). */
  readonly sampleType: 'integer' | 'float32' | 'float64';
}

/** Stored value → value with a unit: `stored * slope + intercept` (PS3.3 C.11.1). */
export interface Rescale {
  readonly slope: number;
  readonly intercept: number;
}

/** Modality LUT (PS3.3 C.11.1.1) in place of a rescale; values outside take the nearest end. */
export interface ModalityLut {
  /** Stored value of the first entry. */
  readonly first: number;
  readonly values: readonly number[];
}

/** Stored values in low…high are padding, not tissue (PS3.3 C.7.5.1.1.2). */
export interface PaddingRange {
  readonly low: number;
  readonly high: number;
}

/** Slices side by side in one frame, row by row (Siemens mosaic). */
export interface Mosaic {
  readonly tiles: number;
  /** Tiles side by side; the last row of them may be filled up with nothing. */
  readonly perRow: number;
  /** Pixels of one tile. */
  readonly rows: number;
  readonly columns: number;
  /** LPS mm, centre of the first pixel of the first tile. */
  readonly origin: Vec3;
  /** mm from a tile to the next one. */
  readonly step: Vec3;
}

/**
 * Everything about one frame that decides where it lies, which volume it belongs to and what its
 * values mean. A field is absent where the file does not say.
 */
export interface FrameHeader {
  /** 1-based frame number. */
  readonly frame: number;
  /** LPS mm, centre of the first transmitted pixel. */
  readonly position?: Vec3;
  /** Direction cosines of a row (towards growing column) and of a column (towards growing row). */
  readonly orientation?: readonly [number, number, number, number, number, number];
  /** Where the rows and where the columns go to, in letters, as an image says that has no place. */
  readonly patientOrientation?: readonly [string, string];
  /** [between rows, between columns] in mm (PS3.3 10.7.1.3: the row spacing comes first). */
  readonly pixelSpacing?: readonly [number, number];
  /** `detector`: Imager Pixel Spacing, not corrected for magnification. */
  readonly spacingSource?: 'patient' | 'detector' | 'region';
  readonly sliceThickness?: number;
  /** Only to judge the thickness by; distances come from the positions. */
  readonly spacingBetweenSlices?: number;
  readonly imageType: readonly string[];
  /** A mosaic has no place as a whole: its tiles have. Absent where the file does not say theirs. */
  readonly mosaic?: Mosaic;
  readonly rescale: Rescale;
  readonly modalityLut?: ModalityLut;
  /** Rescale Type or Units: `HU`, `BQML`, …; empty when unknown. */
  readonly unit: string;
  readonly windows: readonly VoiWindow[];
  readonly padding?: PaddingRange;
  readonly stackId?: string;
  readonly temporalPosition?: number;
  readonly echoNumber?: number;
  readonly echoTime?: number;
  readonly triggerTime?: number;
  readonly cardiacPhase?: number;
  readonly bValue?: number;
  /** Diffusion gradient direction, formatted for comparison. */
  readonly gradient?: string;
  readonly acquisitionNumber?: number;
  /** DA+TM or DT as stored; compares as text. */
  readonly acquisitionTime?: string;
  readonly contentTime?: string;
  /** Dimension Index Values (0020,9157) without the dimensions that only tell the position. */
  readonly dimensionIndex?: readonly number[];
}

/** What the archive's index and the volume layout need to know of an instance; plain JSON. */
export interface InstanceHeader {
  readonly sopInstanceUid: string;
  readonly sopClassUid: string;
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly transferSyntaxUid: string;
  readonly patient: PatientSummary;
  readonly study: {
    readonly id: string;
    readonly date: string;
    readonly time: string;
    readonly description: string;
    readonly accessionNumber: string;
    readonly referringPhysician: PersonName;
  };
  readonly series: {
    readonly number?: number;
    readonly modality: string;
    readonly description: string;
    readonly bodyPart: string;
    readonly protocol: string;
    readonly date: string;
    readonly time: string;
    readonly manufacturer: string;
  };
  readonly instanceNumber?: number;
  /** Empty when unknown. */
  readonly frameOfReferenceUid: string;
  /** What this object is to a reader: images make volumes or frames, a document has no pixels. */
  readonly kind: 'image' | 'document' | 'segmentation' | 'dose';
  /** Absent where the object holds no image or does not say how its pixels are stored. */
  readonly image?: ImagePixel;
  /** Why its pixels cannot be shown, when its header alone tells. */
  readonly problem?: { readonly code: ErrorCode; readonly details: ErrorDetails };
  readonly lossy: boolean;
  /** Frames per second, when the file says so. */
  readonly cineRate?: number;
  /** PET in Bq/mL: how it becomes SUVbw, or why it does not. */
  readonly suv?: Suv;
  /** One per frame; empty when there is no image or it has a problem. */
  readonly frames: readonly FrameHeader[];
  /** Digest of the pixels, set by whoever stores them: tells a copy from a second measurement. */
  readonly pixelDigest?: string;
}

/** A frame of a series; `frame` is 1-based. */
export interface FrameRef {
  readonly sopInstanceUid: string;
  readonly frame: number;
}

/** A part of a frame. */
export interface Tile {
  /** Column and row of its first pixel. */
  readonly column: number;
  readonly row: number;
  /** Columns of the whole frame. */
  readonly stride: number;
}

/** A stored slice of a volume. */
export interface SliceRef extends FrameRef {
  /** LPS mm, centre of its first pixel. */
  readonly position: Vec3;
  /** Distance in mm along the slice normal from the first slice. */
  readonly distance: number;
  /** Which part of the frame it is, where the frame holds several slices. */
  readonly tile?: Tile;
  readonly rescale: Rescale;
  readonly modalityLut?: ModalityLut;
  readonly padding?: PaddingRange;
}

/** How frames of a series make one volume. Plain JSON, no pixels. */
export interface VolumePlan {
  readonly seriesInstanceUid: string;
  readonly frameOfReferenceUid: string;
  readonly modality: string;
  /** What tells it from its siblings, e.g. `TE 80`, `t 3/4`; empty when alone. Language-neutral. */
  readonly label: string;
  /** [columns, rows, slices]. */
  readonly size: Vec3;
  /**
   * Stored grid → LPS mm. k runs along the slice normal (right-handed). Sheared when the gantry was
   * tilted; with unequal gaps k is the mean step, so use `rectify` before measuring anything.
   */
  readonly affine: Affine;
  /** In order along k, with the real position of each. */
  readonly slices: readonly SliceRef[];
  /** True when the stored grid is orthogonal and equally spaced: `rectify` returns it unchanged. */
  readonly uniform: boolean;
  readonly tiltDegrees: number;
  readonly gaps: { readonly min: number; readonly max: number };
  /** Unit of a voxel: `HU`, `BQML`, `SUVBW`, … or empty. */
  readonly unit: string;
  /** SUVbw in g/mL of 1 Bq/mL, where the voxels were Bq/mL: rescale and windows have it in them. */
  readonly suvFactor?: number;
  /** Value that padding pixels and places outside the stored slices take. */
  readonly background: number;
  readonly windows: readonly VoiWindow[];
  /** MONOCHROME1: the display is inverted, the values are not. */
  readonly invert: boolean;
  /** How its slices are stored; rows and columns are those of a slice. */
  readonly image: ImagePixel;
  readonly warnings: readonly Warning[];
}

/** How a series is shown: its volumes, and the frames that belong to none. */
export interface SeriesLayout {
  readonly volumes: readonly VolumePlan[];
  /** In reading order (instance number, then frame). */
  readonly single: readonly FrameRef[];
  /** About the series as a whole; each volume has its own beside. */
  readonly warnings: readonly Warning[];
}

/** Gives the stored values (before rescale) of one frame, rows × columns samples. */
export type FrameSource = (ref: FrameRef) => Promise<VoxelArray> | VoxelArray;
