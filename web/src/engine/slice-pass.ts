import { linearGreys, type VoiFunction } from '@yuepian/contract';
import type { Camera, Screen } from './camera.ts';
import { bindProgram, forgetProgram, link, type Program } from './gl-program.ts';
import type { Grid } from './grid.ts';
import type { LabelTexture } from './label-texture.ts';
import { slabSampling, texturePlane } from './slice-plan.ts';
import { sliceFragmentShader, sliceVertexShader } from './slice-shader.ts';
import type { GlWindow, RenderPass } from './stage.ts';
import { gridOf, SliceTexture, type StoredSlice } from './stored-slice.ts';
import type { VolumeTexture } from './texture.ts';
import type { Slab, Window } from './types.ts';

/** All that one plane's frame depends on. */
export interface SliceScene {
  readonly camera: Camera;
  readonly screen: Screen;
  readonly device: readonly [number, number];
  readonly texture: VolumeTexture | undefined;
  /** Drawn instead of `texture` where finer voxels are in memory than on the card. */
  readonly stored: StoredSlice | undefined;
  readonly window: Window;
  /** VOI LUT Function of the file's window, where it names one. */
  readonly curve: VoiFunction | undefined;
  readonly inverted: boolean;
  readonly slab: Slab;
  readonly outlines: LabelTexture | undefined;
}

/** What a frame is sampled from. */
interface Source {
  readonly grid: Grid;
  readonly handle: WebGLTexture | null;
  readonly sampleScale: number;
  readonly wholeNumbers: boolean;
}

const modes = { none: 0, mean: 0, max: 1, min: 2 } as const;
interface SliceProgram {
  readonly program: Program;
  readonly vertices: WebGLVertexArrayObject | null;
}
/** Compiled once per tab; every plane draws with it. */
const programs = new WeakMap<GlWindow, SliceProgram>();

/** Draws a plane where vtk's forward pass would draw its actors. */
export class SlicePass implements RenderPass {
  readonly #scene: () => SliceScene | undefined;
  #slice: SliceTexture | undefined;

  constructor(scene: () => SliceScene | undefined) {
    this.#scene = scene;
  }

  traverse(window: unknown): void {
    const gl = (window as GlWindow).getContext();
    const scene = this.#scene();
    if (!scene) return;
    const [width, height] = scene.device;
    gl.enable(gl.SCISSOR_TEST);
    gl.scissor(0, 0, width, height);
    gl.viewport(0, 0, width, height);
    gl.colorMask(true, true, true, true);
    gl.clearColor(0, 0, 0, 1);
    gl.clear(gl.COLOR_BUFFER_BIT);
    const source = this.#source(gl, scene);
    if (source?.handle) this.#draw(gl, window as GlWindow, scene, source);
  }

  release(): void {
    this.#slice?.release();
    this.#slice = undefined;
  }

  #source(gl: WebGL2RenderingContext, { stored, texture }: SliceScene): Source | undefined {
    if (stored) this.#slice ??= new SliceTexture(gl);
    if (stored && this.#slice?.isUsable) {
      const wholeNumbers = !(stored.volume.data instanceof Float32Array);
      const handle = this.#slice.show(stored);
      return { grid: gridOf(stored), handle, sampleScale: 1, wholeNumbers };
    }
    if (!texture) return undefined;
    const { volume, handle, sampleScale, type } = texture;
    return { grid: volume, handle, sampleScale, wholeNumbers: type !== 'float32' };
  }

  #draw(gl: WebGL2RenderingContext, window: GlWindow, scene: SliceScene, source: Source): void {
    let compiled = programs.get(window);
    if (!compiled) {
      const program = link(gl, sliceVertexShader, sliceFragmentShader);
      compiled = { program, vertices: gl.createVertexArray() };
      programs.set(window, compiled);
    }
    const { program: u, vertices } = compiled;
    forgetProgram(window);
    bindProgram(gl, u);
    gl.bindVertexArray(vertices);
    gl.disable(gl.DEPTH_TEST);
    gl.disable(gl.BLEND);

    const { grid, sampleScale, wholeNumbers } = source;
    const plane = texturePlane(grid, scene.camera, scene.screen, scene.device);
    const { samples, stepMm } = slabSampling(grid, scene.slab);
    const set3 = (name: string, v: readonly [number, number, number]): void =>
      gl.uniform3f(u.at(name), v[0], v[1], v[2]);
    set3('start', plane.start);
    set3('across', plane.across);
    set3('upwards', plane.upwards);
    set3('through', [
      plane.through[0] * stepMm,
      plane.through[1] * stepMm,
      plane.through[2] * stepMm,
    ]);
    gl.uniform1i(u.at('samples'), samples);
    gl.uniform1i(u.at('mode'), modes[scene.slab.mode]);
    gl.uniform1f(u.at('sampleScale'), sampleScale);
    const greys = linearGreys(scene.window, wholeNumbers, scene.curve);
    gl.uniform2f(u.at('greys'), greys[0], greys[1]);
    gl.uniform1i(u.at('sigmoid'), scene.curve === 'SIGMOID' ? 1 : 0);
    gl.uniform1i(u.at('inverted'), scene.inverted ? 1 : 0);
    this.#outlines(gl, u, scene, set3);

    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_3D, source.handle);
    // The 3D view may have asked for another filter on the shared texture.
    gl.texParameteri(gl.TEXTURE_3D, gl.TEXTURE_MIN_FILTER, gl.LINEAR);
    gl.texParameteri(gl.TEXTURE_3D, gl.TEXTURE_MAG_FILTER, gl.LINEAR);
    gl.uniform1i(u.at('volume'), 0);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
    this.#restore(gl);
  }

  #outlines(
    gl: WebGL2RenderingContext,
    u: Program,
    scene: SliceScene,
    set3: (name: string, v: readonly [number, number, number]) => void,
  ): void {
    const labels = scene.outlines;
    gl.uniform1i(u.at('outlines'), labels ? 1 : 0);
    // A sampler must never share a unit with one of another kind, used or not.
    gl.uniform1i(u.at('labels'), 1);
    gl.uniform1i(u.at('looks'), 2);
    if (!labels) return;
    const plane = texturePlane(labels.grid, scene.camera, scene.screen, scene.device);
    set3('labelStart', plane.start);
    set3('labelAcross', plane.across);
    set3('labelUpwards', plane.upwards);
    gl.uniform1f(u.at('outlinePixels'), scene.screen.devicePixelRatio);
    labels.bind(gl, 1, 2);
  }

  #restore(gl: WebGL2RenderingContext): void {
    for (const unit of [0, 1, 2]) {
      gl.activeTexture(gl.TEXTURE0 + unit);
      gl.bindTexture(gl.TEXTURE_3D, null);
      gl.bindTexture(gl.TEXTURE_2D, null);
    }
    gl.bindVertexArray(null);
    gl.enable(gl.BLEND);
    gl.enable(gl.DEPTH_TEST);
  }
}
