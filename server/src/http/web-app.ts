import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import { YuepianError } from '@yuepian/contract';
import type { FastifyInstance } from 'fastify';
import { sendError } from './errors.ts';

/** Paths that are never a page of the web app. */
const isService = (url: string): boolean => /^\/(api|dicom-web|healthz)(\/|\?|$)/.test(url);

/**
 * Serves the built web app. Files under /assets carry a hash of their content in the name and
 * never change; index.html is asked for anew each time and answers every other address, because
 * the app itself reads the path.
 */
export async function serveWebApp(app: FastifyInstance, folder: string): Promise<void> {
  await app.register(fastifyStatic, { root: folder, serve: false, preCompressed: true });
  const page = join(folder, 'index.html');
  // Files beside index.html (icon, manifest) are few and known once the app is built.
  const beside = new Set(
    existsSync(folder)
      ? (await readdir(folder, { withFileTypes: true }))
          .filter((e) => e.isFile())
          .map((e) => e.name)
      : [],
  );

  const hints = await readingHints(folder);

  app.get<{ Params: { '*': string } }>(
    '/assets/*',
    { config: { permission: 'anyone' } },
    (request, reply) =>
      reply.sendFile(`assets/${request.params['*']}`, folder, { maxAge: '365d', immutable: true }),
  );

  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?')[0] ?? '/';
    const reading = request.method === 'GET' || request.method === 'HEAD';
    if (!reading || isService(request.url) || path.startsWith('/assets/')) {
      return sendError(reply, new YuepianError('not_found', { what: path }));
    }
    const file = path.slice(1);
    if (file !== 'index.html' && beside.has(file)) {
      return reply.sendFile(file, folder, { maxAge: '1h', immutable: false });
    }
    if (!existsSync(page)) {
      return reply
        .code(503)
        .type('text/plain; charset=utf-8')
        .send('网页尚未构建，请运行 npm start。\nThe web app is not built yet; run npm start.\n');
    }
    const uid = /^\/studies\/([0-9.]{1,64})\/?$/.exec(path)?.[1];
    if (uid !== undefined) {
      reply.header(
        'link',
        [...answers('/api/session', `/api/studies/${uid}`), ...hints].join(', '),
      );
    }
    return reply
      .header('cache-control', 'no-cache')
      .sendFile('index.html', folder, { cacheControl: false });
  });
}

/** Answers the page will ask for first; asked for while its script is still on the way. */
const answers = (...paths: readonly string[]): string[] =>
  paths.map((path) => `<${path}>; rel=preload; as=fetch; crossorigin`);

/**
 * What opening a study loads besides the entry, as Link headers: the parts import each other, and a
 * browser that finds out one by one waits for each. Volume rendering comes after the first slice and
 * is only fetched, not compiled. A part that is named otherwise one day is merely not hinted at.
 */
async function readingHints(folder: string): Promise<string[]> {
  const assets = join(folder, 'assets');
  const names = existsSync(assets) ? (await readdir(assets)).sort() : [];
  return names.flatMap((name) => {
    const place = `</assets/${name}>`;
    if (/^(reading|engine)-[\w-]+\.js$/.test(name)) return [`${place}; rel=modulepreload`];
    if (/^reading-[\w-]+\.css$/.test(name)) return [`${place}; rel=preload; as=style; crossorigin`];
    if (/^graphics-[\w-]+\.js$/.test(name)) {
      return [`${place}; rel=preload; as=script; crossorigin; fetchpriority=low`];
    }
    return [];
  });
}
