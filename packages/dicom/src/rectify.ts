import type { Volume } from '@yuepian/geometry';
import type { VolumePlan } from './types.ts';
export function rectify(volume: Volume, plan: VolumePlan): Volume { if (!plan.uniform) throw new Error('todo'); return volume; }
