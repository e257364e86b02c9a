/**
 * The closed set of errors. One table maps a code to its HTTP status, its websocket close code
 * (RFC 6455 §7.4.2: 4000–4999 are ours) and a sentence in both languages. A sentence says what is
 * wrong and what to do; `{name}` is filled from the error's details.
 */
export const errorTable = {
  not_signed_in: { http: 401, ws: 4401, zh: '请先登录。', en: 'Please sign in first.' },
  wrong_password: {
    http: 401,
    ws: 4401,
    zh: '用户名或密码不正确。',
    en: 'The user name or password is not right.',
  },
  not_allowed: {
    http: 403,
    ws: 4403,
    zh: '您的角色没有这项权限，请联系管理员。',
    en: 'Your role does not allow this; ask the administrator.',
  },
  wrong_origin: {
    http: 403,
    ws: 4403,
    zh: '请求来自其他网站，已拒绝。',
    en: 'The request comes from another site and was refused.',
  },
  too_many_attempts: {
    http: 429,
    ws: 4429,
    zh: '尝试次数过多，请 {seconds} 秒后再试。',
    en: 'Too many attempts; try again in {seconds} s.',
  },
  link_used_or_expired: {
    http: 410,
    ws: 4410,
    zh: '该链接已使用或已过期，请在服务器日志中查看新链接。',
    en: 'This link was used or has expired; the server log shows a new one.',
  },
  weak_password: {
    http: 400,
    ws: 4400,
    zh: '密码至少需要 {min} 个字符。',
    en: 'A password needs at least {min} characters.',
  },
  already_exists: { http: 409, ws: 4409, zh: '“{what}”已存在。', en: '“{what}” exists already.' },
  not_found: { http: 404, ws: 4404, zh: '没有找到：{what}。', en: 'Not found: {what}.' },
  invalid_request: {
    http: 400,
    ws: 4400,
    zh: '请求内容不正确：{reason}。',
    en: 'The request is not valid: {reason}.',
  },
  not_acceptable: {
    http: 406,
    ws: 4406,
    zh: '无法以所请求的格式提供：{what}。',
    en: 'It cannot be given in the format asked for: {what}.',
  },
  unsupported_media_type: {
    http: 415,
    ws: 4415,
    zh: '不支持这种内容类型：{what}。',
    en: 'This content type is not supported: {what}.',
  },
  too_large: {
    http: 413,
    ws: 4413,
    zh: '内容过大，上限为 {limit}。',
    en: 'It is too large; the limit is {limit}.',
  },
  connection_cut: {
    http: 400,
    ws: 4400,
    zh: '上传中断，未完成的文件未保存，请重新上传。',
    en: 'The upload was cut off; the unfinished file was not stored, send it again.',
  },
  storage_full: {
    http: 507,
    ws: 4507,
    zh: '服务器磁盘已满，未保存，请联系管理员。',
    en: 'The server’s disk is full; nothing was stored, tell the administrator.',
  },
  too_fast: {
    http: 429,
    ws: 4429,
    zh: '发送过快，连接已暂停，内容保留在本机，稍后自动继续。',
    en: 'Too much was sent at once; the connection paused, all is kept here and goes on by itself.',
  },
  too_many_connections: {
    http: 429,
    ws: 4430,
    zh: '该病例已在过多窗口中打开（上限 {limit}），请关闭其他窗口后重试。',
    en: 'This case is open in too many windows (the limit is {limit}); close some and try again.',
  },
  not_dicom: { http: 415, ws: 4415, zh: '不是 DICOM 文件。', en: 'This is not a DICOM file.' },
  empty_file: { http: 400, ws: 4400, zh: '文件是空的。', en: 'The file is empty.' },
  truncated: {
    http: 400,
    ws: 4400,
    zh: '文件不完整：在{where}处中断，请重新导出。',
    en: 'The file is cut off in {where}; export it again.',
  },
  damaged_dicom: {
    http: 400,
    ws: 4400,
    zh: 'DICOM 文件已损坏：{reason}，请重新导出。',
    en: 'The DICOM file is damaged: {reason}; export it again.',
  },
  missing_uid: {
    http: 400,
    ws: 4400,
    zh: '文件缺少必需的标识 {tag}，无法归档。',
    en: 'The file lacks the identifier {tag} and cannot be filed.',
  },
  invalid_uid: {
    http: 400,
    ws: 4400,
    zh: '标识 {tag} 不是合法的 UID。',
    en: 'The identifier {tag} is not a valid UID.',
  },
  pixel_data_short: {
    http: 400,
    ws: 4400,
    zh: '像素数据不足：应有 {expected} 字节，只有 {actual} 字节。',
    en: 'Pixel data is too short: {expected} bytes expected, {actual} found.',
  },
  instance_conflict: {
    http: 409,
    ws: 4409,
    zh: '已存在相同标识但像素不同的影像，未覆盖原影像。',
    en: 'An image with this identifier but different pixels is already stored; it was not overwritten.',
  },
  series_conflict: {
    http: 409,
    ws: 4409,
    zh: '序列 {uid} 已归档在另一检查下，未保存；请核对患者和检查。',
    en: 'Series {uid} is already stored under another study; not stored, check patient and study.',
  },
  unsupported_transfer_syntax: {
    http: 415,
    ws: 4415,
    zh: '不支持的传输语法 {uid}（文件已归档）。',
    en: 'Transfer syntax {uid} is not supported (the file is stored).',
  },
  cannot_decode: {
    http: 422,
    ws: 4422,
    zh: '像素数据无法解码：{reason}。',
    en: 'The pixel data cannot be decoded: {reason}.',
  },
  no_pixels: { http: 422, ws: 4422, zh: '该对象不含影像。', en: 'This object holds no image.' },
  not_a_volume: {
    http: 422,
    ws: 4422,
    zh: '该序列不能组成三维体：{reason}。',
    en: 'This series is no volume: {reason}.',
  },
  no_models: {
    http: 422,
    ws: 4422,
    zh: '该序列的层数太少、层距太大或类型不适合，不能重建三维结构。',
    en: 'Too few slices, too far apart, or of another kind: no models can be made of this series.',
  },
  labels_without_image: {
    http: 422,
    ws: 4422,
    zh: '这是分割标注（NIfTI 标签图），不是影像：请与其对应的影像（NIfTI，同一网格）一起导入。',
    en: 'This NIfTI file is a segmentation, not an image: import it together with the NIfTI image that it was drawn on.',
  },
  unsafe_path: {
    http: 400,
    ws: 4400,
    zh: '压缩包内的路径不安全，已跳过。',
    en: 'The path inside the archive is not safe; it was skipped.',
  },
  broken_archive: {
    http: 400,
    ws: 4400,
    zh: '压缩包已损坏：{reason}。',
    en: 'The zip is damaged: {reason}.',
  },
  edit_stale: {
    http: 409,
    ws: 4409,
    zh: '该结构刚被修改，您的操作没有保存；已为您刷新，请查看后再试一次。',
    en: 'This structure has just changed, so what you did was not kept. It is shown as it is now; look at it, then try again.',
  },
  cut_misses: {
    http: 400,
    ws: 4400,
    zh: '没有切到该结构：请在它的两个不同部分上各点一下，或让切面穿过它。',
    en: 'The cut misses the structure: touch two different parts of it, or lay the plane through it.',
  },
  not_confirmed: {
    http: 409,
    ws: 4409,
    zh: '该结构尚未由医生确认，请先确认。',
    en: 'This structure is not confirmed by a doctor yet; confirm it first.',
  },
  mask_missing: {
    http: 409,
    ws: 4409,
    zh: '该结构由旧版本生成，没有可编辑的体素。请点“重新重建”，之后即可编辑。',
    en: 'This structure was made by an earlier version and has no voxels to edit. Press “Reconstruct again”, then edit.',
  },
  not_ready: {
    http: 409,
    ws: 4409,
    zh: '仍在准备中，请稍候。',
    en: 'It is still being prepared; wait a moment.',
  },
  job_cancelled: {
    http: 409,
    ws: 4409,
    zh: '已取消，可重新运行。',
    en: 'It was cancelled; run it again when you like.',
  },
  out_of_memory: {
    http: 507,
    ws: 4507,
    zh: '内存不足：需要约 {needed}，可用 {available}。',
    en: 'Not enough memory: about {needed} needed, {available} there.',
  },
  took_too_long: {
    http: 503,
    ws: 4503,
    zh: '{seconds} 秒内未能完成，已停止。请少选一些结构，或稍后再试。',
    en: 'It was not done within {seconds} s and was stopped. Choose fewer structures, or try again later.',
  },
  job_crashed: {
    http: 500,
    ws: 4500,
    zh: '重建进程意外结束，原始影像未受影响，可重新运行。',
    en: 'The reconstruction process ended unexpectedly; the images are untouched, run it again.',
  },
  model_refused: {
    http: 422,
    ws: 4422,
    zh: '模型未通过检查，未安装：{reason}。',
    en: 'The model failed its check and was not installed: {reason}.',
  },
  model_changed: {
    http: 409,
    ws: 4409,
    zh: '模型“{model}”的权重文件与安装时不一致，已停用；请删除后重新安装。',
    en: 'The weights of model “{model}” differ from those installed; it is not run. Remove it and add it again.',
  },
  model_does_not_fit: {
    http: 422,
    ws: 4422,
    zh: '模型“{model}”不适用于该序列：{reason}。',
    en: 'Model “{model}” does not fit this series: {reason}.',
  },
  wrong_checksum: {
    http: 422,
    ws: 4422,
    zh: '“{what}”的 sha256 为 {actual}，应为 {expected}，未安装。',
    en: 'The sha256 of “{what}” is {actual}, expected {expected}; it was not installed.',
  },
  internet_not_allowed: {
    http: 403,
    ws: 4403,
    zh: '医院未允许服务器访问互联网。请管理员设置 YUEPIAN_ALLOW_INTERNET=1，或下载后上传。',
    en: 'The hospital does not let this server use the internet. Set YUEPIAN_ALLOW_INTERNET=1, or download the model elsewhere and upload it.',
  },
  engine_unreachable: {
    http: 502,
    ws: 4502,
    zh: '推理服务器 {url} 没有应答：{reason}。请检查地址和网络后重试。',
    en: 'The inference server {url} does not answer: {reason}. Check its address and the network, then run it again.',
  },
  engine_answer: {
    http: 502,
    ws: 4502,
    zh: '推理服务器 {url} 的应答不可用：{reason}。',
    en: 'The answer of the inference server {url} cannot be used: {reason}.',
  },
  other_frame_of_reference: {
    http: 422,
    ws: 4422,
    zh: '该分割属于另一坐标系（FrameOfReferenceUID 不同），不能叠加到该序列。',
    en: 'This segmentation lies in another FrameOfReference; it is not laid over this series.',
  },
  mesh_not_closed: {
    http: 422,
    ws: 4422,
    zh: '模型“{key}”的表面未闭合（{edges} 条开放边），不能切割或打印。',
    en: 'The surface of {key} is not closed ({edges} open edges); it cannot be cut or printed.',
  },
  unsupported_version: {
    http: 409,
    ws: 4409,
    zh: '数据来自更新的版本，请升级后再打开。',
    en: 'The data was written by a newer version; upgrade to open it.',
  },
  internal: {
    http: 500,
    ws: 4500,
    zh: '服务器出现意外问题，编号 {id}，请告知管理员。',
    en: 'Something unexpected happened on the server, number {id}; tell the administrator.',
  },
} as const satisfies Record<string, { http: number; ws: number; zh: string; en: string }>;

export type ErrorCode = keyof typeof errorTable;
export const errorCodes = Object.keys(errorTable) as [ErrorCode, ...ErrorCode[]];
export type ErrorDetails = Readonly<Record<string, string | number>>;
export type Language = 'zh' | 'en';

/** The one error type that crosses rooms and wires. */
export class YuepianError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, details: ErrorDetails = {}, options?: ErrorOptions) {
    super(sentence(code, 'en', details), options);
    this.name = 'YuepianError';
    this.code = code;
    this.details = details;
  }
}

/**
 * The sentence of an error in one language, with its details filled in. A detail that is itself a
 * sentence may have a Chinese twin: `reason` and `reasonZh`.
 */
export function sentence(code: ErrorCode, language: Language, details: ErrorDetails = {}): string {
  return errorTable[code][language].replace(/\{(\w+)\}/g, (_, name: string) =>
    String((language === 'zh' ? details[`${name}Zh`] : undefined) ?? details[name] ?? '?'),
  );
}
