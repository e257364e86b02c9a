export interface FolderRun {
  readonly a: number;
}
export async function runModelOnFolder(): Promise<void> {}
