import { type KnownStructure, type ModelClass, structureTable } from '@yuepian/contract';

/** Lower case letters, digits and underscores: a key, a file name. */
export const slug = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .slice(0, 60) || 'class';

/** FreeSurfer's and TotalSegmentator's words for what the structure table knows. */
const synonyms: Readonly<Record<string, KnownStructure>> = {
  white_matter: 'white_matter',
  cerebral_white_matter: 'white_matter',
  grey_matter: 'grey_matter',
  gray_matter: 'grey_matter',
  cerebral_cortex: 'grey_matter',
  lateral_ventricle: 'lateral_ventricle',
  ventricle: 'ventricles',
  '3rd_ventricle': 'third_ventricle',
  '4th_ventricle': 'fourth_ventricle',
  cerebellum_white_matter: 'cerebellar_white_matter',
  thalamus: 'thalamus',
  thalamus_proper: 'thalamus',
  caudate: 'caudate',
  putamen: 'putamen',
  pallidum: 'pallidum',
  hippocampus: 'hippocampus',
  amygdala: 'amygdala',
  accumbens_area: 'accumbens',
  brain_stem: 'brainstem',
  brainstem: 'brainstem',
  brain_mask: 'brain',
  brain: 'brain',
  corpus_callosum: 'corpus_callosum',
  tumor: 'tumour',
  tumour: 'tumour',
  liver: 'liver',
  spleen: 'spleen',
  aorta: 'aorta',
  inferior_vena_cava: 'vena_cava',
  urinary_bladder: 'bladder',
  sacrum: 'sacrum',
  skull: 'skull',
  kidney_left: 'kidney_left',
  kidney_right: 'kidney_right',
  femur_left: 'femur_left',
  femur_right: 'femur_right',
  lung_left: 'lung_left',
  lung_right: 'lung_right',
};

/** Words of anatomy that the table has no entry for; the English side is the network's own word. */
const chinese: Readonly<Record<string, string>> = {
  inferior_lateral_ventricle: '侧脑室下角',
  inf_lat_vent: '侧脑室下角',
  cerebellum_cortex: '小脑皮质',
  cerebellum: '小脑',
  ventraldc: '腹侧间脑',
  csf: '脑脊液',
  bankssts: '颞上沟岸',
  caudalanteriorcingulate: '尾侧前扣带回',
  caudalmiddlefrontal: '额中回尾部',
  cuneus: '楔叶',
  entorhinal: '内嗅皮质',
  fusiform: '梭状回',
  inferiorparietal: '顶下小叶',
  inferiortemporal: '颞下回',
  isthmuscingulate: '扣带回峡',
  lateraloccipital: '枕外侧皮质',
  lateralorbitofrontal: '外侧眶额皮质',
  lingual: '舌回',
  medialorbitofrontal: '内侧眶额皮质',
  middletemporal: '颞中回',
  parahippocampal: '海马旁回',
  paracentral: '中央旁小叶',
  parsopercularis: '额下回岛盖部',
  parsorbitalis: '额下回眶部',
  parstriangularis: '额下回三角部',
  pericalcarine: '距状沟周皮质',
  postcentral: '中央后回',
  posteriorcingulate: '后扣带回',
  precentral: '中央前回',
  precuneus: '楔前叶',
  rostralanteriorcingulate: '喙侧前扣带回',
  rostralmiddlefrontal: '额中回喙部',
  superiorfrontal: '额上回',
  superiorparietal: '顶上小叶',
  superiortemporal: '颞上回',
  supramarginal: '缘上回',
  frontalpole: '额极',
  temporalpole: '颞极',
  transversetemporal: '颞横回',
  insula: '岛叶',
  cc_posterior: '胼胝体后部',
  cc_mid_posterior: '胼胝体中后部',
  cc_central: '胼胝体中部',
  cc_mid_anterior: '胼胝体中前部',
  cc_anterior: '胼胝体前部',
};

/** Colours for keys without one: the golden angle keeps neighbours apart. */
const colourFor = (n: number): string => {
  const hue = (n * 137.508) % 360;
  const f = (k: number): string => {
    const t = (k + hue / 30) % 12;
    const v = 0.62 - 0.5 * 0.38 * Math.max(-1, Math.min(t - 3, 9 - t, 1));
    return Math.round(255 * v)
      .toString(16)
      .padStart(2, '0');
  };
  return `#${f(0)}${f(8)}${f(4)}`;
};

/**
 * A class from the name a network's maker gave it: key, both names, colour, code and side where the
 * name says them. A name nobody knows stays as it is, in both languages.
 */
export function classOf(name: string, label: number, colour?: string): ModelClass {
  const side = /^(left|lh|ctx-lh)[-_ ]|[-_ ]left$/i.test(name)
    ? 'left'
    : /^(right|rh|ctx-rh)[-_ ]|[-_ ]right$/i.test(name)
      ? 'right'
      : undefined;
  const whole = slug(name);
  const bare = slug(name.replace(/^(ctx-)?(left|right|lh|rh)[-_ ]|^ctx-|[-_ ](left|right)$/gi, ''));
  const cortical = /^ctx-/i.test(name);
  const known = synonyms[whole] ?? (cortical ? undefined : synonyms[bare]);
  const entry = known ? structureTable[known] : undefined;
  const own = known !== undefined && /_(left|right)$/.test(known);
  const base = known ?? (cortical ? `ctx_${bare}` : bare);
  const sideZh = side === 'left' ? '左' : '右';
  const sideEn = side === 'left' ? 'Left' : 'Right';
  const readable = name
    .replace(/^ctx-(lh-|rh-)?/i, '')
    .replace(/[-_*]+/g, ' ')
    .trim();
  const zh = entry?.zh ?? chinese[bare] ?? readable;
  const en = entry?.en ?? (cortical ? `Cortex, ${readable}` : readable);
  return {
    label,
    key: side && !own ? `${base}_${side}` : base,
    name:
      side && !own ? { zh: `${sideZh}${zh}`, en: `${sideEn} ${lower(bareName(en))}` } : { zh, en },
    colour: entry?.colour ?? (colour && colour !== '#000000' ? colour : colourFor(label)),
    opacity: entry?.opacity ?? 1,
    ...(entry ? { snomed: entry.snomed } : {}),
    ...(side && !own ? { laterality: side } : {}),
    postProcessing: { largestComponent: false, minMl: 0.01, fillHoles: false },
  };
}

const bareName = (en: string): string => en.replace(/^(left|right) /i, '');
const lower = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);
