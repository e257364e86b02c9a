import { errorBody, YuepianError } from '@yuepian/contract';

/** The error of an answer that is not OK: the server's own where it says one, else by its status. */
export async function refusal(response: Response, url: string): Promise<YuepianError> {
  const parsed = errorBody.safeParse(await response.json().catch(() => undefined));
  if (parsed.success) return new YuepianError(parsed.data.error.code, parsed.data.error.details);
  return new YuepianError(
    response.status === 401
      ? 'not_signed_in'
      : response.status === 403
        ? 'not_allowed'
        : response.status === 404
          ? 'not_found'
          : 'internal',
    { what: new URL(url, self.location.href).pathname, id: response.status },
  );
}
