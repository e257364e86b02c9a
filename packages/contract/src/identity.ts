import { z } from 'zod';
import { userId } from './ids.ts';

export const role = z.enum(['admin', 'doctor', 'viewer']);
export type Role = z.infer<typeof role>;
export const user = z.object({
  id: userId,
  name: z.string(),
  displayName: z.string(),
  role,
  colour: z.string(),
});
export type User = z.infer<typeof user>;

export const signIn = z.object({
  name: z.string().min(1).max(128),
  password: z.string().min(1).max(1024),
});
export const setPassword = z.object({
  token: z.string().min(1).max(256),
  password: z.string().min(1).max(1024),
});
export const createUser = z.object({
  name: z.string().regex(/^[\p{L}\p{N}._@-]{1,64}$/u),
  displayName: z.string().max(64),
  role,
  password: z.string().min(1).max(1024),
});
export const minimumPasswordLength = 8;

/** What a role may do; the server asks here, the interface greys out by it. */
export const permissions = {
  admin: ['read', 'import', 'annotate', 'reconstruct', 'delete', 'export', 'administer'],
  doctor: ['read', 'import', 'annotate', 'reconstruct', 'export'],
  viewer: ['read'],
} as const satisfies Record<Role, readonly string[]>;
export type Permission = (typeof permissions)[Role][number];
export const may = (r: Role, p: Permission): boolean =>
  (permissions[r] as readonly Permission[]).includes(p);
