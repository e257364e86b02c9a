import { headerParameters } from '../multipart.ts';

/** One media range a client accepts (RFC 9110 §12.5.1 with the parameters of PS3.18 §8.7). */
export interface MediaRange {
  /** Of each part when `multipart`, else of the whole answer; `*` parts allowed. */
  readonly type: string;
  readonly multipart: boolean;
  /** `*`, a transfer syntax UID, or undefined when the client says nothing. */
  readonly transferSyntax: string | undefined;
}

/**
 * What a client accepts, best first. The query parameter `accept` rules over the header
 * (PS3.18 §8.3.3.1). Nothing said means anything.
 */
export function acceptedTypes(header: string | undefined, parameter?: string): MediaRange[] {
  const text = parameter ?? header ?? '*/*';
  const ranges = splitOutsideQuotes(text).map((item) => {
    const { value, parameters } = headerParameters(item);
    const multipart = value === 'multipart/related';
    const q = Number(parameters.get('q') ?? '1');
    return {
      q: Number.isFinite(q) ? q : 1,
      range: {
        type: multipart ? (parameters.get('type')?.toLowerCase() ?? '*/*') : value,
        multipart,
        transferSyntax: parameters.get('transfer-syntax'),
      },
    };
  });
  return ranges
    .filter((r) => r.q > 0)
    .sort((a, b) => b.q - a.q)
    .map((r) => r.range);
}

/** True when a range takes `type`; `image/*` takes every image. */
export function takes(range: MediaRange, type: string): boolean {
  if (range.type === '*/*' || range.type === type) return true;
  return range.type.endsWith('/*') && type.startsWith(range.type.slice(0, -1));
}

function splitOutsideQuotes(text: string): string[] {
  return (text.match(/(?:[^,"]|"(?:[^"\\]|\\.)*")+/g) ?? []).map((item) => item.trim());
}
