import type vtkRenderer from '@kitware/vtk.js/Rendering/Core/Renderer';
import vtkRenderPass from '@kitware/vtk.js/Rendering/SceneGraph/RenderPass';
import { dot, type Vec3 } from '@yuepian/geometry';
import { type Camera, type DepthRange, mmPerPixel, right, type Screen } from './camera.ts';
import { type ClipPlane, clipUniforms } from './clip.ts';
import { bindProgram, forgetProgram, link, type Program, Target } from './gl-program.ts';
import type { Mesh } from './mesh.ts';
import {
  composeFragmentShader,
  copyFragmentShader,
  meshVertexShader,
  opaqueFragmentShader,
  peelFragmentShader,
  screenVertexShader,
} from './mesh-shader.ts';
import type { GlWindow, RenderPass } from './stage.ts';

export interface DrawnMesh {
  readonly mesh: Mesh;
  readonly rgb: Vec3;
  readonly opacity: number;
  /** mm from its place, where structures are drawn apart. */
  readonly offset?: Vec3 | undefined;
}
/** All that a frame of the 3D view depends on, besides vtk's own volume actor. */
export interface SolidScene {
  readonly camera: Camera;
  readonly screen: Screen;
  readonly device: readonly [number, number];
  readonly depth: DepthRange;
  readonly meshes: readonly DrawnMesh[];
  readonly clip: readonly ClipPlane[];
  readonly volume: boolean;
  /** Translucent layers drawn, at most 4, and those the volume is divided at, at most 2. */
  readonly layers: number;
  readonly splits: number;
}

/** The scene-graph node of the render window or of a renderer, as far as we walk it. */
interface Node {
  traverse(pass: unknown): void;
  getViewNodeFor(renderable: unknown): Node | undefined;
}

const background: Vec3 = [0, 0, 0];
const zero: Vec3 = [0, 0, 0];
interface Kit {
  readonly opaque: Program;
  readonly peel: Program;
  readonly copy: Program;
  readonly compose: Program;
  readonly screen: WebGLVertexArrayObject | null;
}

/**
 * Draws the 3D view: opaque surfaces, the volume behind and between them, translucent surfaces in
 * true order. vtk's forward pass writes the depth of ALL surfaces before the volume, so a translucent
 * one makes the volume behind it vanish; here only opaque surfaces end a ray.
 */
export class ScenePass implements RenderPass {
  readonly #renderer: vtkRenderer;
  readonly #scene: () => SolidScene | undefined;
  readonly #vtk: VolumeOnlyPass = volumeOnlyPass();
  #kit: Kit | undefined;
  #targets: Target[] = [];
  #size: readonly [number, number] = [1, 1];

  constructor(renderer: vtkRenderer, scene: () => SolidScene | undefined) {
    this.#renderer = renderer;
    this.#scene = scene;
  }

  traverse(windowNode: unknown): void {
    const window = windowNode as GlWindow & Node;
    const gl = window.getContext();
    const scene = this.#scene();
    if (!scene) return;
    const [width, height] = scene.device;
    this.#size = window.getSize();
    gl.enable(gl.SCISSOR_TEST);
    gl.viewport(0, 0, width, height);
    gl.scissor(0, 0, width, height);
    gl.colorMask(true, true, true, true);
    gl.depthMask(true);
    gl.clearColor(...background, 1);
    gl.clearDepth(1);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);

    const opaque = scene.meshes.filter((m) => m.opacity >= 0.995);
    const translucent = scene.meshes.filter((m) => m.opacity < 0.995 && m.opacity > 0.005);
    if (opaque.length > 0) this.#drawOpaque(gl, window, scene, opaque, false);
    if (translucent.length > 0) {
      this.#drawTranslucent(gl, window, scene, opaque, translucent);
    } else if (scene.volume) {
      const depth = opaque.length > 0 ? this.#opaqueDepth(gl, window, scene, opaque) : undefined;
      this.#screenFrame(gl, scene);
      this.#drawVolume(gl, window, depth);
    }
    this.#restore(gl, window);
  }

  /** Graphics memory of the off-screen pictures. */
  release(): void {
    for (const t of this.#targets) t.release();
    this.#targets = [];
  }

  #drawTranslucent(
    gl: WebGL2RenderingContext,
    window: GlWindow & Node,
    scene: SolidScene,
    opaque: readonly DrawnMesh[],
    translucent: readonly DrawnMesh[],
  ): void {
    const { layers } = scene;
    // Each division costs a pass of the volume.
    const splits = scene.volume ? Math.min(scene.splits, layers) : 0;
    const opaqueDepth = this.#opaqueDepth(gl, window, scene, opaque);
    const zero = this.#target(gl, 1, 1);
    zero.bind(scene.device);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    const peeled: Target[] = [];
    for (let i = 0; i < layers; i++) {
      const layer = this.#target(gl, 2 + i, 2);
      const previous = peeled[i - 1]?.colours[1] ?? zero.colours[0] ?? null;
      this.#peel(gl, window, scene, layer, previous, opaqueDepth, translucent);
      peeled.push(layer);
    }
    const parts: Target[] = [];
    if (scene.volume) {
      for (let i = 0; i <= splits; i++) {
        const part = this.#target(gl, 6 + i, 1);
        part.bind(scene.device);
        gl.clearColor(0, 0, 0, 0);
        gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
        const end = i < splits ? (peeled[i]?.colours[1] ?? null) : opaqueDepth;
        this.#drawVolume(gl, window, end);
        parts.push(part);
      }
    }
    this.#compose(gl, window, scene, peeled, parts, splits);
  }

  #peel(
    gl: WebGL2RenderingContext,
    window: GlWindow,
    scene: SolidScene,
    layer: Target,
    previous: WebGLTexture | null,
    opaqueDepth: WebGLTexture | null,
    meshes: readonly DrawnMesh[],
  ): void {
    const { copy, peel, screen } = this.#programs(gl);
    layer.bind(scene.device);
    gl.depthMask(true);
    gl.clear(gl.DEPTH_BUFFER_BIT);
    gl.disable(gl.BLEND);
    gl.disable(gl.DEPTH_TEST);
    this.#use(gl, window, copy);
    bindTexture(gl, 0, opaqueDepth);
    gl.uniform1i(copy.at('source'), 0);
    gl.bindVertexArray(screen);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
    gl.enable(gl.DEPTH_TEST);
    gl.depthFunc(gl.LESS);
    this.#use(gl, window, peel);
    this.#cameraUniforms(gl, peel, scene);
    bindTexture(gl, 0, previous);
    bindTexture(gl, 1, opaqueDepth);
    gl.uniform1i(peel.at('previousDepth'), 0);
    gl.uniform1i(peel.at('opaqueDepth'), 1);
    this.#drawMeshes(gl, peel, meshes);
    gl.depthFunc(gl.LEQUAL);
  }

  #compose(
    gl: WebGL2RenderingContext,
    window: GlWindow,
    scene: SolidScene,
    layers: readonly Target[],
    parts: readonly Target[],
    splits: number,
  ): void {
    const { compose, screen } = this.#programs(gl);
    this.#screenFrame(gl, scene);
    gl.disable(gl.DEPTH_TEST);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    this.#use(gl, window, compose);
    const u = compose;
    const textures: [string, WebGLTexture | null | undefined][] = [
      ...[0, 1, 2, 3].map((i): [string, WebGLTexture | null | undefined] => [
        `layer${i}`,
        (layers[i] ?? layers[0])?.colours[0],
      ]),
      ['upTo0', parts[0]?.colours[0]],
      ['upTo1', parts[1]?.colours[0]],
      ['whole', parts.at(-1)?.colours[0]],
    ];
    for (const [unit, [name, texture]] of textures.entries()) {
      bindTexture(gl, unit, texture ?? null);
      gl.uniform1i(u.at(name), unit);
    }
    gl.uniform1i(u.at('layers'), layers.length);
    gl.uniform1i(u.at('splits'), splits);
    gl.uniform1i(u.at('volume'), parts.length > 0 ? 1 : 0);
    gl.bindVertexArray(screen);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
    for (let unit = 0; unit < textures.length; unit++) bindTexture(gl, unit, null);
  }

  /** The packed depth of what is opaque (all far where nothing is). */
  #opaqueDepth(
    gl: WebGL2RenderingContext,
    window: GlWindow,
    scene: SolidScene,
    opaque: readonly DrawnMesh[],
  ): WebGLTexture | null {
    const target = this.#target(gl, 0, 1);
    target.bind(scene.device);
    gl.depthMask(true);
    gl.clearColor(1, 1, 0, 1);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    if (opaque.length > 0) this.#drawOpaque(gl, window, scene, opaque, true);
    return target.colours[0] ?? null;
  }

  #drawOpaque(
    gl: WebGL2RenderingContext,
    window: GlWindow,
    scene: SolidScene,
    meshes: readonly DrawnMesh[],
    depthOnly: boolean,
  ): void {
    const { opaque } = this.#programs(gl);
    gl.enable(gl.DEPTH_TEST);
    gl.depthFunc(gl.LEQUAL);
    gl.disable(gl.BLEND);
    this.#use(gl, window, opaque);
    this.#cameraUniforms(gl, opaque, scene);
    gl.uniform1i(opaque.at('depthOnly'), depthOnly ? 1 : 0);
    this.#drawMeshes(gl, opaque, meshes);
  }

  /** vtk's ray caster into the bound frame; rays end at `end` (packed depth). */
  #drawVolume(
    gl: WebGL2RenderingContext,
    window: GlWindow & Node,
    end: WebGLTexture | null | undefined,
  ): void {
    gl.bindVertexArray(null);
    gl.enable(gl.BLEND);
    gl.blendFuncSeparate(gl.SRC_ALPHA, gl.ONE_MINUS_SRC_ALPHA, gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    forgetProgram(window);
    this.#vtk.draw(window, this.#renderer, end ? depthTexture(gl, end) : null);
  }

  #drawMeshes(gl: WebGL2RenderingContext, p: Program, meshes: readonly DrawnMesh[]): void {
    for (const { mesh, rgb, opacity, offset = zero } of meshes) {
      gl.uniform3f(p.at('offset'), offset[0], offset[1], offset[2]);
      gl.uniform4f(p.at('colour'), rgb[0], rgb[1], rgb[2], opacity);
      mesh.draw(gl);
    }
    gl.bindVertexArray(null);
  }

  #cameraUniforms(gl: WebGL2RenderingContext, p: Program, scene: SolidScene): void {
    const { camera: c, screen: s, depth: d } = scene;
    const k = mmPerPixel(c, s);
    const [x, y] = [2 / (k * s.size[0]), 2 / (k * s.size[1])];
    const r = right(c);
    // Distance from the eye = eye − (p − centre)·normal; near…far → −1…1.
    const z = 2 / (d.far - d.near);
    const rows: [string, Vec3, number, number][] = [
      ['rowX', r, x, -dot(r, c.centre) * x],
      ['rowY', c.up, y, -dot(c.up, c.centre) * y],
      ['rowZ', c.normal, -z, (d.eye + dot(c.normal, c.centre) - d.near) * z - 1],
    ];
    for (const [name, v, scale, offset] of rows) {
      gl.uniform4f(p.at(name), v[0] * scale, v[1] * scale, v[2] * scale, offset);
    }
    gl.uniform3f(p.at('eye'), c.normal[0], c.normal[1], c.normal[2]);
    clipUniforms(gl, p, scene.clip);
  }

  #use(gl: WebGL2RenderingContext, window: GlWindow, p: Program): void {
    forgetProgram(window);
    bindProgram(gl, p);
  }

  #screenFrame(gl: WebGL2RenderingContext, scene: SolidScene): void {
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    gl.viewport(0, 0, scene.device[0], scene.device[1]);
    gl.scissor(0, 0, scene.device[0], scene.device[1]);
  }

  #restore(gl: WebGL2RenderingContext, window: GlWindow): void {
    gl.bindVertexArray(null);
    gl.enable(gl.BLEND);
    gl.blendFuncSeparate(gl.SRC_ALPHA, gl.ONE_MINUS_SRC_ALPHA, gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    gl.enable(gl.DEPTH_TEST);
    gl.depthFunc(gl.LEQUAL);
    gl.depthMask(true);
    forgetProgram(window);
  }

  /**
   * As large as the canvas all views share, of which the view takes the lower left corner: vtk takes
   * the size of its window for the size of a depth texture, and a view that is painted smaller while
   * it moves needs no new ones.
   */
  #target(gl: WebGL2RenderingContext, place: number, colours: 1 | 2): Target {
    const [width, height] = this.#size;
    const old = this.#targets[place];
    if (old && old.width === width && old.height === height) return old;
    old?.release();
    const made = new Target(gl, width, height, colours);
    this.#targets[place] = made;
    return made;
  }

  #programs(gl: WebGL2RenderingContext): Kit {
    this.#kit ??= {
      opaque: link(gl, meshVertexShader, opaqueFragmentShader),
      peel: link(gl, meshVertexShader, peelFragmentShader),
      copy: link(gl, screenVertexShader, copyFragmentShader),
      compose: link(gl, screenVertexShader, composeFragmentShader),
      screen: gl.createVertexArray(),
    };
    return this.#kit;
  }
}

function bindTexture(gl: WebGL2RenderingContext, unit: number, texture: WebGLTexture | null): void {
  gl.activeTexture(gl.TEXTURE0 + unit);
  gl.bindTexture(gl.TEXTURE_2D, texture);
}

/** The three calls vtk's volume mapper makes on a depth texture. Unit 15 is the last every WebGL2 has. */
const depthUnit = 15;
const depthTexture = (gl: WebGL2RenderingContext, texture: WebGLTexture) => ({
  activate: () => bindTexture(gl, depthUnit, texture),
  deactivate: () => bindTexture(gl, depthUnit, null),
  getTextureUnit: () => depthUnit,
});

interface VolumeOnlyPass {
  draw(window: Node, renderer: vtkRenderer, depth: unknown): void;
}

/** A vtk pass that builds the scene graph and draws nothing but volumes. */
function volumeOnlyPass(): VolumeOnlyPass {
  const publicApi: Record<string, unknown> = {};
  let depth: unknown = null;
  vtkRenderPass.extend(
    publicApi,
    {},
    {
      delegates: [],
      preDelegateOperations: [],
      postDelegateOperations: [],
    },
  );
  publicApi.getZBufferTexture = () => depth;
  const setOperation = publicApi.setCurrentOperation as (name: string) => void;
  return {
    draw: (window, renderer, end) => {
      depth = end;
      setOperation('buildPass');
      window.traverse(publicApi);
      const node = window.getViewNodeFor(renderer);
      if (!node) return;
      // Hands the depth texture to the volume mappers; there are no vtk surfaces to draw in it.
      setOperation('zBufferPass');
      for (const volume of volumeNodes(node)) volume.traverse(publicApi);
      setOperation('volumePass');
      node.traverse(publicApi);
    },
  };
}

/** Children only: the renderer itself would clear its frame in this operation. */
const volumeNodes = (renderer: Node): readonly Node[] =>
  (renderer as Node & { getChildren?(): readonly Node[] }).getChildren?.() ?? [];
