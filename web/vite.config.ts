import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** Also used by the engine's browser tests, which build a page of their own. */
export const engineBuild = {
  resolve: {
    alias: {
      // vtk.js' XML reader pulls xmlbuilder2, which extends Node's `events` and dies when loaded.
      xmlbuilder2: fileURLToPath(new URL('./src/engine/xmlbuilder2-stub.ts', import.meta.url)),
      // A DICOM reader of 1 MB that Cornerstone's metadata package brings and we never call.
      dcmjs: fileURLToPath(new URL('./src/engine/dcmjs-stub.ts', import.meta.url)),
    },
  },
  worker: { format: 'es' as const },
  build: { target: 'es2022', chunkSizeWarningLimit: 4000 },
};

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  plugins: [react()],
  ...engineBuild,
  server: {
    proxy: Object.fromEntries(
      ['/api', '/dicom-web', '/healthz'].map((path) => [
        path,
        { target: 'http://127.0.0.1:8080', ws: true },
      ]),
    ),
  },
});
