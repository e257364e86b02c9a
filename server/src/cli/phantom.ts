export async function phantom(_args: string[]): Promise<number> {
  return 1;
}
