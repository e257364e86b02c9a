import { uidPattern } from '@yuepian/contract';

const mask128 = (1n << 128n) - 1n;
/** FNV-1a, 128 bit (Fowler, Noll, Vo; IETF draft-eastlake-fnv): parameters from the draft. */
const fnvPrime = (1n << 88n) + 0x13bn;
const fnvBasis = 0x6c62272e07bb014262b821756295c58dn;

/** 128 bits → a UID under 2.25 (PS3.5 B.2): the bits become a version 8 UUID (RFC 9562 §5.8). */
function uuidUid(bits: bigint): string {
  const version = (bits & ~(0xfn << 76n)) | (8n << 76n);
  const variant = (version & ~(0x3n << 62n)) | (2n << 62n);
  return `2.25.${variant}`;
}

/**
 * The same UID for the same text, always. For objects that are derived or synthetic and must keep
 * their identity when they are made again.
 */
export function uidFrom(text: string): string {
  let hash = fnvBasis;
  for (const byte of new TextEncoder().encode(text)) {
    hash = ((hash ^ BigInt(byte)) * fnvPrime) & mask128;
  }
  return uuidUid(hash);
}

/** A new UID that nobody else has. */
export function randomUid(): string {
  let bits = 0n;
  for (const byte of crypto.getRandomValues(new Uint8Array(16))) bits = (bits << 8n) | BigInt(byte);
  return uuidUid(bits);
}

export const isUid = (text: string): boolean => text.length <= 64 && uidPattern.test(text);
