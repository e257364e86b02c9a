import type { ModelManifest } from '@yuepian/contract';
export async function probeMonai(_manifest: ModelManifest): Promise<void> {}
