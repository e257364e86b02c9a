import type { GlWindow } from './stage.ts';

/**
 * vtk skips `useProgram` for the program it used last; after one of ours it has to be told that it
 * knows nothing. Call before using a program of our own.
 */
export const forgetProgram = (w: GlWindow): void =>
  w.getShaderCache().setLastShaderProgramBound(null);

/** A linked program with its uniform places, by name. */
export interface Program {
  readonly handle: WebGLProgram;
  /** Place of a uniform; null where the compiler dropped it, which GL ignores. */
  at(name: string): WebGLUniformLocation | null;
}

// Linters take every call of a name that begins with "use" for a React hook.
const activate = 'useProgram' as const;
export const bindProgram = (gl: WebGL2RenderingContext, p: Program): void => gl[activate](p.handle);

/** @throws Error with the driver's log: a bug of ours, or a lost context. */
export function link(gl: WebGL2RenderingContext, vertex: string, fragment: string): Program {
  const handle = gl.createProgram();
  for (const [type, source] of [
    [gl.VERTEX_SHADER, vertex],
    [gl.FRAGMENT_SHADER, fragment],
  ] as const) {
    const shader = gl.createShader(type);
    if (!shader) throw new Error('the graphics context is lost');
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(handle, shader);
    gl.deleteShader(shader);
  }
  gl.bindAttribLocation(handle, 0, 'position');
  gl.bindAttribLocation(handle, 1, 'normal');
  gl.linkProgram(handle);
  if (!gl.getProgramParameter(handle, gl.LINK_STATUS) && !gl.isContextLost()) {
    throw new Error(`shader: ${gl.getProgramInfoLog(handle) ?? 'no log'}`);
  }
  const places = new Map<string, WebGLUniformLocation | null>();
  const count = Number(gl.getProgramParameter(handle, gl.ACTIVE_UNIFORMS));
  for (let i = 0; i < count; i++) {
    const name = gl.getActiveUniform(handle, i)?.name;
    if (name) places.set(name, gl.getUniformLocation(handle, name));
  }
  return { handle, at: (name) => places.get(name) ?? null };
}

/** An off-screen picture with one or two colour textures and a depth buffer. */
export class Target {
  readonly width: number;
  readonly height: number;
  readonly colours: readonly (WebGLTexture | null)[];
  readonly #gl: WebGL2RenderingContext;
  readonly #frame: WebGLFramebuffer | null;
  readonly #depth: WebGLRenderbuffer | null;

  constructor(gl: WebGL2RenderingContext, width: number, height: number, colours: 1 | 2) {
    this.#gl = gl;
    this.width = width;
    this.height = height;
    this.#frame = gl.createFramebuffer();
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.#frame);
    gl.activeTexture(gl.TEXTURE0);
    this.colours = Array.from({ length: colours }, (_, i) => {
      const texture = gl.createTexture();
      gl.bindTexture(gl.TEXTURE_2D, texture);
      gl.texStorage2D(gl.TEXTURE_2D, 1, gl.RGBA8, width, height);
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
      gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0 + i, gl.TEXTURE_2D, texture, 0);
      return texture;
    });
    gl.bindTexture(gl.TEXTURE_2D, null);
    gl.drawBuffers(this.colours.map((_, i) => gl.COLOR_ATTACHMENT0 + i));
    this.#depth = gl.createRenderbuffer();
    gl.bindRenderbuffer(gl.RENDERBUFFER, this.#depth);
    gl.renderbufferStorage(gl.RENDERBUFFER, gl.DEPTH_COMPONENT24, width, height);
    gl.framebufferRenderbuffer(gl.FRAMEBUFFER, gl.DEPTH_ATTACHMENT, gl.RENDERBUFFER, this.#depth);
  }

  /** Draws go to its lower left corner from now on. */
  bind([width, height]: readonly [number, number]): void {
    const gl = this.#gl;
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.#frame);
    gl.viewport(0, 0, width, height);
    gl.scissor(0, 0, width, height);
  }

  release(): void {
    for (const c of this.colours) this.#gl.deleteTexture(c);
    this.#gl.deleteRenderbuffer(this.#depth);
    this.#gl.deleteFramebuffer(this.#frame);
  }
}
