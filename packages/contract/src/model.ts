import { z } from 'zod';

/**
 * What a segmentation network is, what it expects and what comes out of it. One JSON file beside
 * the weights (`manifest.json`); what it says is checked against the network before it is believed.
 */

const text = z.string().trim().min(1).max(500);
export const bothLanguages = z.object({ zh: text, en: text });
export type BothLanguages = z.infer<typeof bothLanguages>;

/** Lower case, so that it is a folder name everywhere. */
export const modelId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/)
  .brand<'ModelId'>();
export type ModelId = z.infer<typeof modelId>;

export const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/**
 * Patient directions in which the index of the three spatial tensor axes grows, slowest axis first:
 * `SAR` is a tensor [.., z, y, x] whose z runs to the head, y to the front and x to the right.
 */
export const voxelOrder = z
  .string()
  .regex(/^[LRAPSI]{3}$/)
  .refine((order) => ['LR', 'AP', 'SI'].every((pair) => [...pair].some((d) => order.includes(d))), {
    message: 'the three letters must name three different axes, e.g. SAR or LIA',
  });

const mm3 = z.tuple([z.number().positive(), z.number().positive(), z.number().positive()]);
const count3 = z.tuple([
  z.number().int().positive(),
  z.number().int().positive(),
  z.number().int().positive(),
]);

/** How a voxel's value becomes a network's input. */
export const normalisation = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('none') }),
  /** Two quantiles of the whole volume become 0 and 1; what lies outside is cut off where `clip` says so. */
  z.object({
    kind: z.literal('range'),
    low: z.number().min(0).max(1).default(0),
    high: z.number().min(0).max(1).default(1),
    clip: z.boolean().default(true),
  }),
  /** nnU-Net CTNormalization: clip, subtract the mean, divide by the standard deviation. */
  z.object({
    kind: z.literal('ct'),
    clip: z.tuple([z.number(), z.number()]),
    mean: z.number(),
    std: z.number().positive(),
  }),
  /**
   * FreeSurfer's conform, as brainchop prepares its networks: 8 bits from the smallest value to the
   * robust maximum, in the middle cube of `cube` voxels an edge; two quantiles of that cube become 0
   * and 1, and nothing is cut off.
   */
  z.object({
    kind: z.literal('conformed'),
    low: z.number().min(0).max(1).default(0),
    high: z.number().min(0).max(1).default(1),
    cube: z.number().int().min(16).max(1024).default(256),
  }),
  /** nnU-Net ZScoreNormalization over the volume, or over the foreground only. */
  z.object({ kind: z.literal('zscore'), foreground: z.boolean().default(false) }),
]);
export type Normalisation = z.infer<typeof normalisation>;

export const postProcessing = z.object({
  /** Keep only the biggest connected part. */
  largestComponent: z.boolean().default(false),
  /** Connected parts below this volume go. */
  minMl: z.number().nonnegative().default(0),
  /** Enclosed background becomes part of it. */
  fillHoles: z.boolean().default(false),
});
export type PostProcessing = z.infer<typeof postProcessing>;

export const modelClass = z.object({
  /** Value in the output; 0 is background and is not listed. */
  label: z.number().int().min(1).max(255),
  /** A key of structureTable where it has one: equal names and colours everywhere. */
  key: z.string().regex(/^[a-z0-9_]{1,64}$/),
  name: bothLanguages,
  colour: z.string().regex(/^#[0-9a-f]{6}$/),
  opacity: z.number().min(0).max(1).default(1),
  /** SNOMED CT concept; without it the segment is coded as tissue. */
  snomed: z
    .string()
    .regex(/^\d{6,18}$/)
    .optional(),
  laterality: z.enum(['left', 'right']).optional(),
  postProcessing: postProcessing.prefault({}),
});
export type ModelClass = z.infer<typeof modelClass>;

/** Which volumes a model may be run on. Spacing in mm, the coarsest and finest of the three axes. */
export const modelFits = z.object({
  modalities: z.array(z.enum(['CT', 'MR'])).min(1),
  /** DICOM Body Part Examined, upper case; empty: anywhere. */
  bodyParts: z.array(z.string()).default([]),
  spacing: z.tuple([z.number().positive(), z.number().positive()]).default([0.2, 6]),
  /** `T1`, `T2`, `FLAIR`, …; looked for in the description of an MR series. Empty: any. */
  contrasts: z.array(z.string()).default([]),
  /** The shortest extent in mm the volume must have along its shortest side. */
  minimumExtent: z.number().nonnegative().default(0),
});
export type ModelFits = z.infer<typeof modelFits>;

const onnxEngine = z.object({
  kind: z.literal('onnx'),
  /** File beside the manifest. */
  file: z.string().regex(/^[A-Za-z0-9._-]{1,100}$/),
  sha256,
  input: z.string(),
  output: z.string(),
});
const kserveEngine = z.object({
  kind: z.literal('kserve2'),
  /** Base address, e.g. http://gpu.hospital:8000 */
  url: z.url(),
  model: text,
  input: z.string(),
  output: z.string(),
});
const monaiEngine = z.object({ kind: z.literal('monailabel'), url: z.url(), model: text });
/** Our own rules without a network; listed so that a client sees one list. */
const classicalEngine = z.object({ kind: z.literal('classical') });

export const modelEngine = z.discriminatedUnion('kind', [
  onnxEngine,
  kserveEngine,
  monaiEngine,
  classicalEngine,
]);
export type ModelEngine = z.infer<typeof modelEngine>;

export const modelTensor = z.object({
  /** Names of the tensor's axes; the channel may come first or last. */
  axes: z.enum(['NCDHW', 'NDHWC']).default('NCDHW'),
  voxelOrder,
  /** mm along the three spatial axes, in the order of `voxelOrder`. */
  spacing: mm3,
  /** `image`: the image's own axes, turned to the nearest patient axes; `patient`: exact patient axes. */
  grid: z.enum(['image', 'patient']).default('image'),
  normalisation,
  crop: z.enum(['none', 'body', 'head']).default('none'),
  /** Without tiling the crop goes through in one pass. Sizes in the order of `voxelOrder`. */
  tiling: z.object({ size: count3, step: z.number().min(0.25).max(1).default(0.5) }).optional(),
  /** Spatial sizes must be multiples of this (pooling); the rest is padded. */
  multipleOf: z.number().int().positive().default(1),
  /** `argmax`: the network ends in labels (uint8); `logits`: one channel per class. */
  output: z.enum(['logits', 'argmax']),
  /**
   * The network's channels are probabilities already: it ends in this. Where nothing is said the import
   * looks; a remote engine's manifest must say it itself.
   */
  probabilities: z.enum(['softmax', 'sigmoid']).optional(),
});
export type ModelTensor = z.infer<typeof modelTensor>;

/** A stored input and what must come out of it; the defence against silent errors of axes and units. */
export const goldenPatch = z.object({
  /** File of little-endian float32: input (size voxels), then output. */
  file: z.string().regex(/^[A-Za-z0-9._-]{1,100}$/),
  sha256,
  size: count3,
  /** Largest deviation of a logit; labels must be equal in all but this share of the voxels. */
  tolerance: z.number().positive().max(0.01).default(0.01),
});

export const modelManifest = z
  .object({
    version: z.literal(1),
    id: modelId,
    modelVersion: text,
    title: bothLanguages,
    description: bothLanguages.optional(),
    licence: text,
    citation: z.string().max(1000).default(''),
    /** Where it was got. */
    source: z.string().max(1000).default(''),
    fits: modelFits,
    engine: modelEngine,
    tensor: modelTensor.optional(),
    /** Number of classes with the background. */
    classCount: z.number().int().min(2).max(256),
    classes: z.array(modelClass).min(1).max(255),
    /** Bytes beside the volume, at the peak, per voxel of a pass. */
    bytesPerVoxel: z.number().positive().default(400),
    golden: goldenPatch.optional(),
  })
  .superRefine((m, context) => {
    const fault = (message: string): void => context.addIssue({ code: 'custom', message });
    const unique = (values: readonly unknown[]): boolean => new Set(values).size === values.length;
    if (!unique(m.classes.map((c) => c.label))) fault('two classes have one label');
    if (!unique(m.classes.map((c) => c.key))) fault('two classes have one key');
    if (m.classes.some((c) => c.label >= m.classCount)) fault('a label is beyond classCount');
    const tensorless = m.engine.kind === 'monailabel' || m.engine.kind === 'classical';
    if (!tensorless && !m.tensor) fault('this engine needs a tensor description');
  });
export type ModelManifest = z.infer<typeof modelManifest>;

/** Why a model is not offered for a series. A closed set with both languages, like errors. */
export const misfitTable = {
  modality: { zh: '只适用于 {wanted}，该序列为 {found}', en: 'reads {wanted}, this is {found}' },
  body_part: {
    zh: '只适用于部位 {wanted}，该序列标注为 {found}',
    en: 'made for {wanted}, this series says {found}',
  },
  spacing: {
    zh: '体素间距 {found} mm 不在 {wanted} mm 范围内',
    en: 'voxels of {found} mm are outside {wanted} mm',
  },
  contrast: {
    zh: '只适用于 {wanted}，该序列说明为“{found}”',
    en: 'made for {wanted}, this series is described as “{found}”',
  },
  extent: {
    zh: '扫描范围 {found} mm 小于所需 {wanted} mm',
    en: 'the scan covers {found} mm, it needs {wanted} mm',
  },
  no_volume: { zh: '该序列不是三维体', en: 'this series is no volume' },
  memory: {
    zh: '需要约 {wanted} 内存，可用 {found}',
    en: 'needs about {wanted} of memory, {found} there',
  },
} as const satisfies Record<string, BothLanguages>;
export type MisfitCode = keyof typeof misfitTable;
export const misfitCodes = Object.keys(misfitTable) as [MisfitCode, ...MisfitCode[]];

export const misfit = z.object({
  code: z.enum(misfitCodes),
  zh: z.string(),
  en: z.string(),
});
export type Misfit = z.infer<typeof misfit>;

export function misfitOf(code: MisfitCode, wanted: string, found: string): Misfit {
  const fill = (sentence: string): string =>
    sentence.replace('{wanted}', wanted).replace('{found}', found);
  return { code, zh: fill(misfitTable[code].zh), en: fill(misfitTable[code].en) };
}

/** `GET /api/models`: an installed model as a client sees it. */
export const modelSummary = z.object({
  id: modelId,
  modelVersion: z.string(),
  title: bothLanguages,
  description: bothLanguages.optional(),
  licence: z.string(),
  citation: z.string(),
  source: z.string(),
  engine: z.enum(['onnx', 'kserve2', 'monailabel', 'classical']),
  fits: modelFits,
  classes: z.array(z.object({ key: z.string(), name: bothLanguages, colour: z.string() })),
  /** Bytes of the weights; 0 for a remote engine. */
  bytes: z.number().int().nonnegative(),
  /** Installed, ISO 8601. */
  addedAt: z.string(),
});
export type ModelSummary = z.infer<typeof modelSummary>;
export const modelList = z.object({ models: z.array(modelSummary) });

/** `GET /api/models/catalogue`. */
export const catalogueEntry = z.object({
  id: modelId,
  title: bothLanguages,
  description: bothLanguages,
  licence: z.string(),
  /** Page where a person finds it. */
  homepage: z.string(),
  /** Files to fetch; empty where a person must export the network first (see `homepage`). */
  files: z.array(z.object({ name: z.string(), url: z.string(), sha256: sha256.nullable() })),
  installed: z.boolean(),
  /** False with the reason, in both languages, where a click cannot add it. */
  addable: z.boolean(),
  obstacle: bothLanguages.optional(),
});
export type CatalogueEntry = z.infer<typeof catalogueEntry>;
export const modelCatalogue = z.object({
  entries: z.array(catalogueEntry),
  /** The hospital's word: YUEPIAN_ALLOW_INTERNET. */
  internetAllowed: z.boolean(),
});
export type ModelCatalogue = z.infer<typeof modelCatalogue>;

/** `GET /api/series/{uid}/models`. */
export const seriesModels = z.object({
  models: z.array(
    z.object({
      model: modelSummary,
      fits: z.boolean(),
      /** Why not; empty when it fits. */
      misfits: z.array(misfit),
    }),
  ),
});
export type SeriesModels = z.infer<typeof seriesModels>;

/** Body of `POST /api/series/{uid}/reconstruction`; without a model the classical run is repeated. */
export const runRequest = z.strictObject({
  modelId: modelId.optional(),
  parameters: z
    .object({
      /** Run although the model does not fit; the answer is marked by its source as always. */
      force: z.boolean().optional(),
    })
    .optional(),
});
export type RunRequest = z.infer<typeof runRequest>;

/** Body of `POST /api/models` as JSON; an upload is the zip of the folder (application/zip). */
export const addModelRequest = z.object({ catalogueId: modelId });
