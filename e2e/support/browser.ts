import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { chromiumFlags, findChromium } from '../../scripts/chromium.mjs';

export interface Screen {
  readonly width: number;
  readonly height: number;
  readonly scale?: number;
  readonly touch?: boolean;
  readonly locale?: string;
}

export const desk: Screen = { width: 1920, height: 1080 };
/** Tests that draw volumes without a GPU use a smaller window: the same behaviour, a third of the pixels. */
export const smallDesk: Screen = { width: 1280, height: 800 };
export const board: Screen = { width: 3840, height: 2160, touch: true };
export const phone: Screen = { width: 390, height: 844, scale: 2, touch: true };

export interface TestBrowser extends AsyncDisposable {
  readonly browser: Browser;
  /** A new person: own cookies, own storage. Fails the test later when the page throws. */
  open(url: string, screen?: Screen): Promise<Page>;
}

export async function startBrowser(): Promise<TestBrowser> {
  const executablePath = findChromium();
  if (!executablePath)
    throw new Error('no Chromium; npm test installs it, or set YUEPIAN_CHROMIUM');
  const browser = await chromium.launch({
    executablePath,
    args: [...chromiumFlags],
    headless: true,
  });
  const contexts: BrowserContext[] = [];
  const errors: string[] = [];
  return {
    browser,
    async open(url, screen = smallDesk) {
      const context = await browser.newContext({
        viewport: { width: screen.width, height: screen.height },
        deviceScaleFactor: screen.scale ?? 1,
        hasTouch: screen.touch ?? false,
        locale: screen.locale ?? 'zh-CN',
        reducedMotion: 'reduce',
      });
      contexts.push(context);
      const page = await context.newPage();
      page.on('pageerror', (error) => errors.push(String(error)));
      await page.goto(url);
      return page;
    },
    async [Symbol.asyncDispose]() {
      for (const context of contexts) await context.close();
      await browser.close();
      if (errors.length > 0) throw new Error(`the page threw:\n${errors.join('\n')}`);
    },
  };
}

export async function signIn(page: Page, password: string, name = 'admin'): Promise<void> {
  await page.getByTestId('sign-in').waitFor();
  await page.locator('input[autocomplete="username"]').fill(name);
  await page.locator('input[autocomplete="current-password"]').fill(password);
  await page.locator('[data-testid="sign-in"] button[type="submit"]').click();
  await page.getByTestId('sign-in').waitFor({ state: 'detached' });
}

/** Saves a picture to look at when YUEPIAN_SCREENSHOTS names a folder. */
export async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env.YUEPIAN_SCREENSHOTS;
  if (!folder) return;
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`) });
}
