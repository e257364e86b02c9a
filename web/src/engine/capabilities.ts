import type { Capabilities } from './types.ts';

const softwareRenderer = /swiftshader|llvmpipe|softpipe|software|microsoft basic render/i;

/**
 * Asks the browser once what it can draw. One context and no drawing: this comes before the first
 * slice. Whether 16-bit textures are also filtered rightly, the stage finds out by drawing some.
 */
export function probe(): Capabilities {
  const gl = document.createElement('canvas').getContext('webgl2');
  if (!gl) {
    return { volume: false, max3dTextureSize: 0, norm16: false, renderer: '', software: false };
  }
  const debug = gl.getExtension('WEBGL_debug_renderer_info');
  const name: unknown = gl.getParameter(debug ? debug.UNMASKED_RENDERER_WEBGL : gl.RENDERER);
  const renderer = typeof name === 'string' ? name : '';
  const found = {
    volume: true,
    max3dTextureSize: Number(gl.getParameter(gl.MAX_3D_TEXTURE_SIZE)) || 0,
    norm16: gl.getExtension('EXT_texture_norm16') !== null,
    renderer,
    software: softwareRenderer.test(renderer),
  };
  gl.getExtension('WEBGL_lose_context')?.loseContext();
  return found;
}
