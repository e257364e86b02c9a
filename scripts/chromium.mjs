/**
 * Where a Chromium is, and how it must be started to draw volumes without a GPU. Plain JavaScript:
 * `npm test` runs this before anything is installed.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const places = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];
const debianPackages = ['chromium', 'libegl-mesa0', 'libgl1-mesa-dri', 'fonts-noto-cjk'];

/** Mesa's software renderer through EGL is about six times faster here than SwiftShader. */
export const chromiumFlags = [
  '--no-sandbox',
  '--use-gl=angle',
  '--use-angle=gl-egl',
  '--ignore-gpu-blocklist',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--disable-quic',
];

/** @returns {string | undefined} */
export function findChromium() {
  const named = process.env.YUEPIAN_CHROMIUM;
  if (named) return existsSync(named) ? named : undefined;
  return places.find((place) => existsSync(place));
}

/**
 * Finds Chromium, installing it where this is root on Debian.
 * @returns {string} its path
 * @throws {Error} with a sentence that says what to do
 */
export function ensureChromium() {
  const found = findChromium();
  if (found) return found;
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    console.log('Chromium is missing: installing it with apt-get …');
    const options = {
      stdio: /** @type {const} */ ('inherit'),
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    };
    spawnSync('apt-get', ['update', '-qq'], options);
    spawnSync('apt-get', ['install', '-y', '-qq', ...debianPackages], options);
    const installed = findChromium();
    if (installed) return installed;
  }
  throw new Error(
    'The browser tests need Chromium. Install it (on Debian: apt-get install chromium libegl-mesa0 libgl1-mesa-dri fonts-noto-cjk) or set YUEPIAN_CHROMIUM to its path.',
  );
}
