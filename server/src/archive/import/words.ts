import type { ImportResult } from '@yuepian/contract';

/** Sentences for what is left out without being an error. */
const words = {
  system: { zh: '系统文件，已跳过。', en: 'A file of the operating system; skipped.' },
  directory: {
    zh: '光盘目录（DICOMDIR），无需导入；影像已按各自文件导入。',
    en: 'The index of a disc (DICOMDIR); its images are imported from their own files.',
  },
  other: { zh: '不是影像文件，已跳过。', en: 'Not an image file; skipped.' },
  nested: {
    zh: '压缩包套压缩包过深，已跳过；请先解压。',
    en: 'A zip inside a zip inside a zip; skipped, unpack it first.',
  },
} as const;
export type Word = keyof typeof words;

export const ignored = (file: string, word: Word): ImportResult => ({
  file,
  status: 'ignored',
  ...words[word],
});

const otherFiles = new Set(
  (
    'txt md pdf xml html htm css js json csv ini inf cfg log bak lnk url db exe dll bat cmd sh com ' +
    'jar app msi dat ico jpg jpeg png gif bmp tif tiff webp svg avi mp4 mov wmv mp3 wav doc docx ' +
    'xls xlsx ppt pptx rtf ttf manifest class properties sig md5 sha1 sha256'
  ).split(' '),
);

/**
 * What a file that is no DICOM probably is, by its name: discs of hospitals carry viewers, texts
 * and leftovers beside the images. Undefined when the user should hear that it was refused.
 */
export function wordFor(file: string): Word | undefined {
  const name = file.slice(file.lastIndexOf('/') + 1);
  if (/^(\._.*|\.DS_Store|Thumbs\.db|desktop\.ini|\.localized|autorun\.inf)$/i.test(name)) {
    return 'system';
  }
  if (/(^|\/)(__MACOSX|\.git|\.svn|System Volume Information|\$RECYCLE\.BIN)\//i.test(file)) {
    return 'system';
  }
  if (/^DICOMDIR$/i.test(name)) return 'directory';
  const dot = name.lastIndexOf('.');
  return dot >= 0 && otherFiles.has(name.slice(dot + 1).toLowerCase()) ? 'other' : undefined;
}
