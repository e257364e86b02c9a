import { createReadStream, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { build } from 'vite';
import { chromiumFlags, findChromium } from '../../scripts/chromium.mjs';
import { engineBuild } from '../../web/vite.config.ts';
import type { Synthetic } from './synthetic.ts';

const types: Record<string, string> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.wasm': 'application/wasm',
};

export interface Reply {
  readonly body: Buffer | string;
  readonly headers?: Record<string, string>;
  readonly status?: number;
  /** Answers only after this. */
  readonly gate?: Promise<void>;
}

/** The built page, a small server for it and a real Chromium. `await using` disposes of all three. */
export class EngineBench {
  readonly url: string;
  readonly browser: Browser;
  readonly #folder: string;
  readonly #close: () => Promise<void>;

  private constructor(url: string, browser: Browser, folder: string, close: () => Promise<void>) {
    this.url = url;
    this.browser = browser;
    this.#folder = folder;
    this.#close = close;
  }

  static async open(
    routes: Map<string, Reply>,
    extraFlags: readonly string[] = [],
    page: URL = new URL('./page', import.meta.url),
  ): Promise<EngineBench> {
    // The page asks for an icon that it does not have; a 404 would look like an error of ours.
    routes.set('/favicon.ico', { body: '' });
    const folder = mkdtempSync(join(tmpdir(), 'yuepian-engine-'));
    await build({
      ...engineBuild,
      configFile: false,
      root: fileURLToPath(page),
      logLevel: 'error',
      build: { ...engineBuild.build, outDir: folder, emptyOutDir: true, minify: false },
    });
    const server = createServer((request, response) => serve(folder, routes, request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const executablePath = findChromium();
    if (!executablePath) {
      throw new Error('no Chromium; npm test installs it, or set YUEPIAN_CHROMIUM');
    }
    const browser = await chromium.launch({
      executablePath,
      args: [...chromiumFlags, ...extraFlags],
      headless: true,
    });
    return new EngineBench(
      `http://127.0.0.1:${port}`,
      browser,
      folder,
      () => new Promise((resolve) => server.close(() => resolve())),
    );
  }

  async page(size: { width: number; height: number }, deviceScaleFactor = 1): Promise<Page> {
    const page = await this.browser.newPage({ viewport: size, deviceScaleFactor });
    page.on('console', (m) => {
      if (m.type() === 'error' || m.type() === 'warning') console.log(`page: ${m.text()}`);
    });
    page.on('pageerror', (e) => console.log(`page error: ${e.stack ?? e.message}`));
    await page.goto(this.url);
    await page.waitForSelector('body[data-ready]');
    return page;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.browser.close();
    await this.#close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function serve(
  folder: string,
  routes: Map<string, Reply>,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const path = new URL(request.url ?? '/', 'http://x').pathname;
  const reply = routes.get(path);
  if (reply) {
    void (reply.gate ?? Promise.resolve()).then(() => {
      response.writeHead(reply.status ?? 200, reply.headers ?? {});
      response.end(reply.body);
    });
    return;
  }
  const file = join(folder, path === '/' ? 'index.html' : path);
  if (!existsSync(file) || !statSync(file).isFile()) {
    response.writeHead(404).end();
    return;
  }
  response.writeHead(200, { 'content-type': types[extname(file)] ?? 'application/octet-stream' });
  createReadStream(file).pipe(response);
}

/** Routes of one volume, as the server will have them. */
export function volumeRoutes(v: Synthetic): Map<string, Reply> {
  const routes = new Map<string, Reply>();
  routes.set(`/manifest/${v.manifest.id}`, { body: JSON.stringify(v.manifest) });
  for (const [place, body] of v.slabs) {
    const [level, slab] = place.split('/');
    routes.set(`/api/volumes/${v.manifest.id}/levels/${level}/slabs/${slab}`, {
      body,
      headers: { 'content-type': 'application/octet-stream' },
    });
  }
  return routes;
}
