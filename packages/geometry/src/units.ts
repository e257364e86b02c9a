/**
 * Branded units. A bare number says nothing about whether it is a millimetre, a voxel or a pixel;
 * mixing them is the classic way to measure wrongly. Brands cost nothing at run time.
 */
declare const brand: unique symbol;
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };

/** A length in millimetres of patient space. */
export type Mm = Brand<number, 'Mm'>;
/** An area in square millimetres. */
export type Mm2 = Brand<number, 'Mm2'>;
/** A volume in millilitres (1 mL = 1000 mm³). */
export type Millilitre = Brand<number, 'Millilitre'>;
/** An angle in degrees. */
export type Degree = Brand<number, 'Degree'>;
/** A CT number in Hounsfield units, after rescale. */
export type Hu = Brand<number, 'Hu'>;

export type Vec3 = readonly [number, number, number];
/**
 * A point of patient space in millimetres, axes L, P, S: x grows to the patient's left, y to the
 * back, z to the head (DICOM PS3.3 C.7.6.2.1.1).
 */
export type PatientPoint = Brand<Vec3, 'PatientPoint'>;
/** A direction of patient space, LPS; unit length unless said otherwise. */
export type PatientVector = Brand<Vec3, 'PatientVector'>;
/** A voxel index (i, j, k); i is the column and runs fastest. Fractions lie between voxel centres. */
export type VoxelIndex = Brand<Vec3, 'VoxelIndex'>;
/** A point of a canvas in CSS pixels, y down. */
export type CanvasPoint = Brand<readonly [number, number], 'CanvasPoint'>;

export const mm = (value: number): Mm => value as Mm;
export const patientPoint = (x: number, y: number, z: number): PatientPoint =>
  [x, y, z] as const as unknown as PatientPoint;
export const patientVector = (x: number, y: number, z: number): PatientVector =>
  [x, y, z] as const as unknown as PatientVector;
export const voxelIndex = (i: number, j: number, k: number): VoxelIndex =>
  [i, j, k] as const as unknown as VoxelIndex;
export const canvasPoint = (x: number, y: number): CanvasPoint =>
  [x, y] as const as unknown as CanvasPoint;
