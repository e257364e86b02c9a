import { z } from 'zod';
import { structureId, volumeId } from './ids.ts';
import { affine, vec3 } from './volume.ts';

/**
 * Names and anatomical colours, chosen once: equal in 2D, 3D, lists and reports. SNOMED CT codes for
 * SEG, each compared with a published list: brain structures with PS3.16 CID 7140; vessels, organs and
 * bones with TotalSegmentator's totalsegmentator_snomed_mapping.csv, CID 6204 and CID 4031; sides of
 * lung and kidney, renal pelvis, tumours and stone with the names of the same concepts in FHIR
 * profiles (mCODE and others).
 */
export const structureTable = {
  /** What somebody began by hand and has not named otherwise. */
  custom: { zh: '新结构', en: 'New structure', colour: '#4fb3c4', opacity: 1, snomed: '91723000' },
  skin: { zh: '皮肤', en: 'Skin', colour: '#d9a583', opacity: 0.35, snomed: '39937001' },
  bone: { zh: '骨', en: 'Bone', colour: '#e8dcc0', opacity: 1, snomed: '272673000' },
  lung_left: { zh: '左肺', en: 'Left lung', colour: '#8fb4d9', opacity: 0.6, snomed: '44029006' },
  lung_right: { zh: '右肺', en: 'Right lung', colour: '#9fc3e6', opacity: 0.6, snomed: '3341006' },
  body: { zh: '体部', en: 'Body', colour: '#d9a583', opacity: 0.3, snomed: '38266002' },
  muscle_fat: {
    zh: '软组织',
    en: 'Soft tissue',
    colour: '#b5766a',
    opacity: 0.5,
    snomed: '87784001',
  },
  spine: { zh: '脊柱', en: 'Spine', colour: '#ece1c6', opacity: 1, snomed: '421060004' },
  rib: { zh: '肋骨', en: 'Ribs', colour: '#e3d6b6', opacity: 1, snomed: '113197003' },
  pelvis: { zh: '骨盆', en: 'Pelvis', colour: '#e6dabd', opacity: 1, snomed: '118645006' },
  sacrum: { zh: '骶骨', en: 'Sacrum', colour: '#e0d2b0', opacity: 1, snomed: '54735007' },
  femur_left: { zh: '左股骨', en: 'Left femur', colour: '#eadfc6', opacity: 1, snomed: '71341001' },
  femur_right: {
    zh: '右股骨',
    en: 'Right femur',
    colour: '#e4d8ba',
    opacity: 1,
    snomed: '71341001',
  },
  kidney_left: { zh: '左肾', en: 'Left kidney', colour: '#9c4a3c', opacity: 1, snomed: '18639004' },
  kidney_right: {
    zh: '右肾',
    en: 'Right kidney',
    colour: '#a85545',
    opacity: 1,
    snomed: '9846003',
  },
  kidney_tumour: {
    zh: '肾肿瘤',
    en: 'Renal tumour',
    colour: '#7bd34f',
    opacity: 1,
    snomed: '126880001',
  },
  kidney_stone: {
    zh: '肾结石',
    en: 'Kidney stone',
    colour: '#f5f0d0',
    opacity: 1,
    snomed: '95570007',
  },
  urinary_tract: {
    zh: '肾盂',
    en: 'Renal pelvis',
    colour: '#e8c94a',
    opacity: 1,
    snomed: '25990002',
  },
  bladder: { zh: '膀胱', en: 'Bladder', colour: '#e3bd45', opacity: 0.8, snomed: '89837001' },
  liver: { zh: '肝', en: 'Liver', colour: '#8a4632', opacity: 1, snomed: '10200004' },
  spleen: { zh: '脾', en: 'Spleen', colour: '#7a3550', opacity: 1, snomed: '78961009' },
  aorta: { zh: '主动脉', en: 'Aorta', colour: '#d0312d', opacity: 1, snomed: '15825003' },
  vena_cava: {
    zh: '下腔静脉',
    en: 'Inferior vena cava',
    colour: '#3f66b5',
    opacity: 1,
    snomed: '64131007',
  },
  skull: { zh: '颅骨', en: 'Skull', colour: '#e8dcc0', opacity: 1, snomed: '89546000' },
  brain: { zh: '脑', en: 'Brain', colour: '#d8b4a8', opacity: 1, snomed: '12738006' },
  ventricles: { zh: '脑室', en: 'Ventricles', colour: '#4fa3d1', opacity: 1, snomed: '35764002' },
  brain_tumour: {
    zh: '脑肿瘤',
    en: 'Brain tumour',
    colour: '#7bd34f',
    opacity: 1,
    snomed: '126952004',
  },
  white_matter: {
    zh: '脑白质',
    en: 'Cerebral white matter',
    colour: '#f0ead8',
    opacity: 1,
    snomed: '68523003',
  },
  grey_matter: {
    zh: '脑灰质',
    en: 'Cerebral cortex',
    colour: '#c98f8a',
    opacity: 1,
    snomed: '40146001',
  },
  lateral_ventricle: {
    zh: '侧脑室',
    en: 'Lateral ventricle',
    colour: '#4fa3d1',
    opacity: 1,
    snomed: '66720007',
  },
  third_ventricle: {
    zh: '第三脑室',
    en: 'Third ventricle',
    colour: '#3f8fc4',
    opacity: 1,
    snomed: '49841001',
  },
  fourth_ventricle: {
    zh: '第四脑室',
    en: 'Fourth ventricle',
    colour: '#327fb5',
    opacity: 1,
    snomed: '35918002',
  },
  cerebellar_white_matter: {
    zh: '小脑白质',
    en: 'Cerebellar white matter',
    colour: '#e8d9b0',
    opacity: 1,
    snomed: '33060004',
  },
  thalamus: {
    zh: '丘脑',
    en: 'Thalamus',
    colour: '#4f9d5b',
    opacity: 1,
    snomed: '119406000',
  },
  caudate: {
    zh: '尾状核',
    en: 'Caudate nucleus',
    colour: '#6fa8dc',
    opacity: 1,
    snomed: '11000004',
  },
  putamen: {
    zh: '壳核',
    en: 'Putamen',
    colour: '#d95f8d',
    opacity: 1,
    snomed: '89278009',
  },
  pallidum: {
    zh: '苍白球',
    en: 'Globus pallidus',
    colour: '#3b66b0',
    opacity: 1,
    snomed: '14738005',
  },
  hippocampus: {
    zh: '海马',
    en: 'Hippocampus',
    colour: '#e3d14a',
    opacity: 1,
    snomed: '5366008',
  },
  amygdala: {
    zh: '杏仁核',
    en: 'Amygdala',
    colour: '#67d0c8',
    opacity: 1,
    snomed: '4958002',
  },
  brainstem: {
    zh: '脑干',
    en: 'Brainstem',
    colour: '#8d9aa5',
    opacity: 1,
    snomed: '119238007',
  },
  accumbens: {
    zh: '伏隔核',
    en: 'Nucleus accumbens',
    colour: '#f0a52b',
    opacity: 1,
    snomed: '427667007',
  },
  corpus_callosum: {
    zh: '胼胝体',
    en: 'Corpus callosum',
    colour: '#e6c8b4',
    opacity: 1,
    snomed: '88442005',
  },
  tumour: {
    zh: '肿瘤',
    en: 'Tumour',
    colour: '#7bd34f',
    opacity: 1,
    snomed: '108369006',
  },
} as const satisfies Record<
  string,
  { zh: string; en: string; colour: string; opacity: number; snomed: string }
>;
export type KnownStructure = keyof typeof structureTable;

export const levelOfDetail = z.object({
  triangles: z.number().int().nonnegative(),
  bytes: z.number().int().nonnegative(),
  url: z.string(),
});

export const structure = z.object({
  id: structureId,
  volumeId,
  key: z.string(),
  name: z.object({ zh: z.string(), en: z.string() }),
  colour: z.string().regex(/^#[0-9a-f]{6}$/),
  opacity: z.number().min(0).max(1),
  voxels: z.number().int().nonnegative(),
  volumeMl: z.number().nonnegative(),
  /** Where it comes from, e.g. "classical 1" or "SEG of another maker". */
  source: z.string(),
  /** Names the voxels shown here; a doctor's word is said on a content, see `postVerdict`. */
  content: z.string().min(1).max(64),
  /** False until a doctor confirms it. */
  verified: z.boolean(),
  /**
   * True for a first look made on a coarse grid while the run goes on: shape and volume are
   * estimates and are about to be replaced, so show no number from it.
   */
  preview: z.boolean().optional(),
  /** The last word of a doctor on this very content, and whose it was. */
  verdict: z
    .object({
      state: z.enum(['verified', 'rejected', 'withdrawn']),
      by: z.string(),
      at: z.string(),
    })
    .optional(),
  /** Of a stone: what the finder measured. Absent once somebody has changed its voxels by hand. */
  stone: z
    .object({
      /** Centre of its voxels, LPS mm. */
      centre: z.tuple([z.number(), z.number(), z.number()]),
      /** Third of the kidney it lies in, by height. */
      third: z.enum(['upper', 'middle', 'lower']),
      /** Greatest diameter in mm, from border to border. */
      longestMm: z.number().positive(),
      meanHu: z.number(),
      maxHu: z.number(),
    })
    .optional(),
  /**
   * Of a network that gives probabilities: mL it is sure of (p > 0.75) to mL it does not rule out
   * (p > 0.25), and where those probabilities are to be had. Absent for everything else.
   */
  sureness: z
    .object({
      lowMl: z.number().nonnegative(),
      highMl: z.number().nonnegative(),
      /** gzip of one byte a voxel, 0…255, `data[i + nx·(j + ny·k)]`. */
      url: z.string(),
      size: vec3,
      /** Voxel centre → LPS mm, rows first. */
      affine,
    })
    .optional(),
  openEdges: z.number().int().nonnegative(),
  /** GLB, positions in LPS mm; the finest level. */
  meshUrl: z.string(),
  /** Coarse first; the last one equals meshUrl. */
  levels: z.array(levelOfDetail),
  /** Values of the volume's label map that belong to this structure; see labelMapUrl. */
  labels: z.array(z.number().int().positive()),
  /** Somebody changed it by hand; `GET /api/structures/{id}/mask` gives its voxels. */
  edited: z
    .object({
      revision: z.number().int().nonnegative(),
      by: z.string(),
      /** ISO 8601. */
      at: z.string(),
      /** What it was made from, e.g. `classical 1`, or `drawn`. */
      from: z.string(),
      /** The revision its files of the model show; behind `revision` for a moment after a change. */
      meshRevision: z.number().int().nonnegative().optional(),
    })
    .optional(),
});
export type Structure = z.infer<typeof structure>;

/**
 * A doctor's word on a structure. `content` is that of the structure as it was looked at: where the
 * structure has another one by now the answer is `edit_stale`, for nobody has seen that one.
 * `verified` is the older form; a rejection hides nothing, it is on the record.
 */
const ofContent = { content: structure.shape.content };
export const postVerdict = z.union([
  z.object({ verdict: z.enum(['verified', 'rejected', 'withdrawn']), ...ofContent }),
  z.object({ verified: z.boolean(), ...ofContent }),
]);

/**
 * Structures of one source on one volume. Sets of several sources stand side by side; labels of one
 * mean nothing in another.
 */
export const structureSet = z.object({
  /** Unique on its volume. `classical` is the one that is made by itself. */
  id: z.string().regex(/^[a-z0-9]{1,16}$/),
  volumeId,
  kind: z.enum(['classical', 'model', 'segmentation', 'rtstruct']),
  /** As in each structure. */
  source: z.string(),
  title: z.object({ zh: z.string(), en: z.string() }),
  /** The structure it was made from, see finding.ts: single bones of a bone, stones in a kidney. */
  of: structureId.optional(),
  /** `content` of that structure when it was made; another one since then makes this set an older one. */
  ofContent: z.string().optional(),
  /** Of a model. */
  model: z.object({ id: z.string(), version: z.string(), licence: z.string() }).optional(),
  /** The object in the archive that a foreign set was read from. */
  sopInstanceUid: z.string().optional(),
  /** False while structures are still being added. */
  complete: z.boolean(),
  /** What cannot be trusted about the set as a whole, in both languages. */
  notes: z.array(z.object({ zh: z.string(), en: z.string() })).default([]),
  /** Seconds it took and where it ran, e.g. `CPU`, `CUDA`. */
  run: z.object({ seconds: z.number(), device: z.string() }).optional(),
  /** uint8 labels on a pyramid level, as `labelMap` of the series; values of `structure.labels`. */
  labelMap: z.object({ level: z.number().int(), url: z.string() }).optional(),
  structures: z.array(structure),
});
export type StructureSetDetail = z.infer<typeof structureSet>;
