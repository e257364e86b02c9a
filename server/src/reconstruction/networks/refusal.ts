import { YuepianError } from '@yuepian/contract';

/** Why a model is refused. A closed set with both languages; `{what}` is filled in. */
export const refusals = {
  no_manifest: {
    zh: '文件夹中没有可识别的模型（manifest.json、plans.json + dataset.json 或 model.json）',
    en: 'the folder holds no model we know (manifest.json, plans.json + dataset.json, or model.json)',
  },
  manifest: { zh: 'manifest.json 不正确：{what}', en: 'manifest.json is not valid: {what}' },
  file_name: { zh: '文件名不安全：{what}', en: 'the file name is not safe: {what}' },
  missing_file: { zh: '缺少文件 {what}', en: 'the file {what} is missing' },
  not_onnx: { zh: '权重文件不是 ONNX：{what}', en: 'the weights are no ONNX file: {what}' },
  operator: { zh: '推理引擎不支持算子 {what}', en: 'the engine does not know the operator {what}' },
  engine: { zh: '推理引擎无法载入：{what}', en: 'the engine cannot load it: {what}' },
  tensor_name: {
    zh: '网络中没有名为 {what} 的输入或输出',
    en: 'the network has no input or output called {what}',
  },
  axes: { zh: '张量轴与清单不符：{what}', en: 'the tensor axes differ from the manifest: {what}' },
  classes: { zh: '类别数与清单不符：{what}', en: 'the number of classes differs: {what}' },
  spacing: { zh: '体素间距与清单不符：{what}', en: 'the spacing differs: {what}' },
  golden: { zh: '标准样例结果不一致：{what}', en: 'the golden patch comes out otherwise: {what}' },
  not_finite: { zh: '输出含有无效数值', en: 'the output holds numbers that are not finite' },
  one_class: {
    zh: '在合成测试体上只得到一个类别，轴、间距或归一化可能有误',
    en: 'on a synthetic patient it finds one class only: axes, spacing or normalisation may be wrong',
  },
  layer: { zh: '不支持的网络层 {what}', en: 'a layer of a kind we do not know: {what}' },
  weights: { zh: '权重与网络结构不符：{what}', en: 'the weights do not fit the layers: {what}' },
  plans: { zh: 'plans.json 不正确：{what}', en: 'plans.json is not valid: {what}' },
  checksum: {
    zh: '权重的 sha256 与清单不符',
    en: 'the sha256 of the weights is not the manifest’s',
  },
} as const;
export type RefusalCode = keyof typeof refusals;

/** A model_refused with its reason in both languages. */
export function refused(code: RefusalCode, what = '', cause?: unknown): YuepianError {
  const fill = (text: string): string => text.replace('{what}', what.slice(0, 300));
  const { zh, en } = refusals[code];
  return new YuepianError(
    'model_refused',
    { cause: code, reason: fill(en), reasonZh: fill(zh) },
    cause === undefined ? {} : { cause },
  );
}
