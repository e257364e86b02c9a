import type { CatalogueEntry } from '@yuepian/contract';
import { modelId } from '@yuepian/contract';

type Known = Omit<CatalogueEntry, 'installed' | 'addable' | 'obstacle'>;

/** The project's published weights; its licence file says MIT. */
const brainchop = 'https://raw.githubusercontent.com/neuroneural/brainchop-models/main/meshnet';

const meshnet = (
  id: string,
  folder: string,
  title: Known['title'],
  description: Known['description'],
  files: readonly (readonly [name: string, sha256: string])[],
): Known => ({
  id: modelId.parse(id),
  title,
  description,
  licence: 'MIT (brainchop)',
  homepage: 'https://github.com/neuroneural/brainchop-models',
  files: files.map(([name, sha256]) => ({ name, url: `${brainchop}/${folder}/${name}`, sha256 })),
});

/**
 * Free models we know of. Nothing of them is shipped: an administrator adds one, from the internet
 * where the hospital allows it, else from files fetched elsewhere. The digests are those of the
 * files the importer was tested with; another content is refused.
 */
export const knownModels: readonly Known[] = [
  meshnet(
    'brainchop-model20chan3cls',
    'model20chan3cls',
    { zh: '脑灰白质分割（3 类）', en: 'Brain tissue, grey and white matter' },
    { zh: 'T1 头部 MR；几秒钟', en: 'T1 MR of a head; seconds' },
    [
      ['model.json', '53932edad5330073bbac906049a31b84a2ca3d8c65d658feea848130004b984b'],
      ['model.bin', 'aecc03e3db596bfffab0ea1143f0848dbf4da4e317e04ef202986c6888cd467f'],
      ['colormap.json', '71f3ce5c5d9d0db1208937f55fa35b9970ce63c1a24753cf74c471fe9a3c27eb'],
    ],
  ),
  meshnet(
    'brainchop-model30chan18cls',
    'model30chan18cls',
    { zh: '脑结构分割（17 个结构）', en: 'Brain, 17 structures' },
    { zh: 'T1 头部 MR；左右不分', en: 'T1 MR of a head; sides not kept apart' },
    [
      ['model.json', 'd28521c0965e452c371314e4b5b4dcef7b19aa91241b17ef894ac24952139701'],
      ['model.bin', '7039651d91c4cee0b7b1ddfe93fe2f5cb9b71d99f5a126fdef407e2a36bb52d4'],
      ['colormap.json', '10ebff5980dd2afe1a1407dd951d1258dfc95fec51641bab9b4a9b88d76808c5'],
    ],
  ),
  meshnet(
    'brainchop-model30chan50cls',
    'model30chan50cls',
    { zh: '脑结构与皮层分区（49 个结构）', en: 'Brain and cortical areas, 49 structures' },
    { zh: 'T1 头部 MR；左右不分', en: 'T1 MR of a head; sides not kept apart' },
    [
      ['model.json', '105db3a77c49fb3e7d59c6e9506981e13223b76dcd4c4b407640d422409e5353'],
      ['model.bin', 'a7e597568dc7750c64cce8c64c4ca3ec7215716949efd741f19904da1baffa81'],
      ['colormap.json', '3895b0c40b1ef299bda68ac79bce6f1bbbb6e28d9dd990ef121402c08bc34645'],
    ],
  ),
  meshnet(
    'brainchop-model21_104class',
    'model21_104class',
    { zh: '脑结构与皮层分区（左右，103 个结构）', en: 'Brain and cortical areas, left and right' },
    { zh: 'T1 头部 MR', en: 'T1 MR of a head' },
    [
      ['model.json', 'b80a9ac7dccaecc08d59a7f2285a1dce50305d317f505b437518773ab2b27446'],
      ['group1-shard1of1.bin', '8a0aa1e2d94e5edc94c54aed900da978d2a1388bee4621cee05e473db64b84af'],
      ['colormap.json', 'a450db760609a91a38b3ff1810a465841c39b1ff138cab005071c897ad0da069'],
    ],
  ),
  {
    id: modelId.parse('totalsegmentator-total'),
    title: { zh: 'TotalSegmentator 全身（117 个结构）', en: 'TotalSegmentator, 117 structures' },
    description: {
      zh: 'CT；nnU-Net 权重须先在别处导出为 ONNX 文件夹，再上传',
      en: 'CT; nnU-Net weights, to be exported to an ONNX folder elsewhere and uploaded',
    },
    licence: 'Apache-2.0',
    homepage: 'https://github.com/wasserth/TotalSegmentator',
    files: [],
  },
];
