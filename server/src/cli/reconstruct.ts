export async function reconstruct(_args: string[]): Promise<number> {
  return 1;
}
