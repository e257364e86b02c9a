/** A file to import, with its path inside what was dropped. */
export interface FoundFile {
  readonly path: string;
  /** Undefined when the browser could not read it. */
  readonly file: File | undefined;
}

/** What file managers leave behind; never an image. */
export const isSystemFile = (path: string): boolean =>
  /(^|\/)(__MACOSX\/|\._|\.DS_Store$|Thumbs\.db$|desktop\.ini$|\.git\/)/i.test(path);

/** What a drop holds. Must be called before the drop event ends: afterwards the items are empty. */
export function entriesOf(data: DataTransfer): readonly (FileSystemEntry | File)[] {
  const found: (FileSystemEntry | File)[] = [];
  for (const item of data.items) {
    if (item.kind !== 'file') continue;
    const entry = item.webkitGetAsEntry?.() ?? item.getAsFile();
    if (entry) found.push(entry);
  }
  return found;
}

/** Every file below the entries, folder by folder, as they are found; nothing is collected first. */
export async function* walk(
  entries: Iterable<FileSystemEntry | File>,
  signal?: AbortSignal,
): AsyncGenerator<FoundFile> {
  // A stack of its own: a folder tree may be deeper than the call stack.
  const open: (FileSystemEntry | File)[] = [...entries].reverse();
  for (let next = open.pop(); next; next = open.pop()) {
    if (signal?.aborted) return;
    if (next instanceof File) {
      yield { path: next.webkitRelativePath || next.name, file: next };
    } else if (isFileEntry(next)) {
      yield { path: plainPath(next.fullPath), file: await fileOf(next) };
    } else if (isFolderEntry(next)) {
      const inside = await childrenOf(next);
      if (inside) open.push(...inside.reverse());
      else yield { path: plainPath(next.fullPath), file: undefined };
    }
  }
}

const plainPath = (path: string): string => path.replace(/^\/+/, '');
const isFileEntry = (e: FileSystemEntry): e is FileSystemFileEntry => e.isFile;
const isFolderEntry = (e: FileSystemEntry): e is FileSystemDirectoryEntry => e.isDirectory;

const fileOf = (entry: FileSystemFileEntry): Promise<File | undefined> =>
  new Promise((resolve) => entry.file(resolve, () => resolve(undefined)));

/** All children; a reader gives at most a hundred at a time and says "no more" by an empty answer. */
async function childrenOf(
  folder: FileSystemDirectoryEntry,
): Promise<FileSystemEntry[] | undefined> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[] | undefined>((resolve) =>
      reader.readEntries(resolve, () => resolve(undefined)),
    );
    if (!some) return all.length > 0 ? all : undefined;
    if (some.length === 0) return all;
    all.push(...some);
  }
}
