import { createVolumeMapper } from '@cornerstonejs/core';
import vtkPiecewiseFunction from '@kitware/vtk.js/Common/DataModel/PiecewiseFunction';
import vtkPlane from '@kitware/vtk.js/Common/DataModel/Plane';
import vtkColorTransferFunction from '@kitware/vtk.js/Rendering/Core/ColorTransferFunction';
import type vtkRenderer from '@kitware/vtk.js/Rendering/Core/Renderer';
import vtkVolume from '@kitware/vtk.js/Rendering/Core/Volume';
import type vtkVolumeMapper from '@kitware/vtk.js/Rendering/Core/VolumeMapper';
import { norm, scale, stepI, stepJ, stepK } from '@yuepian/geometry';
import { type Camera, type DepthRange, mmPerPixel, type Screen } from './camera.ts';
import { type ClipPlane, clipRows } from './clip.ts';
import type { Transfer } from './presets.ts';
import type { VolumeTexture } from './texture.ts';
import type { Quality } from './types.ts';

const maximumIntensity = 1;
const composite = 0;
/**
 * Times half a voxel between samples. Moving: no shading either, together some 25 × faster. Without a
 * graphics card a full frame of 512×512×500 takes half a minute and holds up every other view.
 */
const sampleFactor = { card: { still: 1, interactive: 4 }, software: { still: 3, interactive: 6 } };

/** The volume in the 3D view: vtk's ray caster through Cornerstone's shared texture. */
export class VolumeActor {
  readonly #actor = vtkVolume.newInstance();
  readonly #colour = vtkColorTransferFunction.newInstance();
  readonly #opacity = vtkPiecewiseFunction.newInstance();
  readonly #renderer: vtkRenderer;
  #mapper: vtkVolumeMapper | undefined;
  #transfer: Transfer | undefined;
  readonly #factor: Readonly<Record<Quality, number>>;
  #quality: Quality = 'still';
  #spacing = 1;
  #clip: readonly ClipPlane[] = [];
  #inScene = false;

  constructor(renderer: vtkRenderer, software: boolean) {
    this.#renderer = renderer;
    this.#factor = sampleFactor[software ? 'software' : 'card'];
    const property = this.#actor.getProperty();
    property.setRGBTransferFunction(0, this.#colour);
    property.setScalarOpacity(0, this.#opacity);
    property.setInterpolationTypeToLinear();
    property.setUseGradientOpacity(0, false);
    // Opacities of the presets are per millimetre.
    property.setScalarOpacityUnitDistance(0, 1);
  }

  /** Swaps the level; camera, preset and quality stay. */
  setTexture(texture: VolumeTexture | undefined): void {
    const old = this.#mapper;
    if (!texture) {
      if (this.#inScene) this.#renderer.removeVolume(this.#actor);
      this.#inScene = false;
      this.#mapper = undefined;
      old?.delete();
      return;
    }
    const { affine } = texture.volume;
    const steps = [stepI(affine), stepJ(affine), stepK(affine)].map(norm);
    this.#spacing = steps.reduce((a, b) => a + b, 0) / 3;
    const mapper = createVolumeMapper(texture.imageData, texture.texture);
    this.#mapper = mapper;
    this.#actor.setMapper(mapper);
    this.#apply();
    if (!this.#inScene) this.#renderer.addVolume(this.#actor);
    this.#inScene = true;
    old?.delete();
  }

  setTransfer(t: Transfer): void {
    this.#transfer = t;
    this.#colour.removeAllPoints();
    for (const [value, r, g, b] of t.colour) this.#colour.addRGBPoint(value, r, g, b);
    this.#opacity.removeAllPoints();
    for (const [value, o] of t.opacity) this.#opacity.addPoint(value, o);
    this.#apply();
  }

  setQuality(q: Quality): void {
    if (q === this.#quality) return;
    this.#quality = q;
    this.#apply();
  }

  setClip(planes: readonly ClipPlane[]): void {
    this.#clip = planes;
    this.#apply();
  }

  setVisible(visible: boolean): void {
    this.#actor.setVisibility(visible);
  }

  get drawn(): boolean {
    return this.#inScene && this.#actor.getVisibility();
  }

  #apply(): void {
    const t = this.#transfer;
    if (!this.#mapper || !t) return;
    const moving = this.#quality === 'interactive';
    const property = this.#actor.getProperty();
    property.setShade(t.shade && !moving);
    property.setAmbient(t.ambient);
    property.setDiffuse(t.diffuse);
    property.setSpecular(t.specular);
    property.setSpecularPower(t.specularPower);
    this.#mapper.setBlendMode(t.blend === 'max' ? maximumIntensity : composite);
    this.#mapper.setMaximumSamplesPerRay(4000);
    this.#mapper.removeAllClippingPlanes();
    for (const [n, d] of clipRows(this.#clip)) {
      const plane = vtkPlane.newInstance();
      plane.setNormal(n[0], n[1], n[2]);
      plane.setOrigin(n[0] * d, n[1] * d, n[2] * d);
      this.#mapper.addClippingPlane(plane);
    }
    this.#mapper.setSampleDistance((this.#spacing / 2) * this.#factor[this.#quality]);
  }
}

/** Hands our camera to vtk: parallel projection, mm. */
export function applyCamera(renderer: vtkRenderer, c: Camera, s: Screen, d: DepthRange): void {
  const camera = renderer.getActiveCamera();
  camera.setParallelProjection(true);
  const eye = scale(c.normal, d.eye);
  camera.setFocalPoint(c.centre[0], c.centre[1], c.centre[2]);
  camera.setPosition(c.centre[0] + eye[0], c.centre[1] + eye[1], c.centre[2] + eye[2]);
  camera.setViewUp(c.up[0], c.up[1], c.up[2]);
  camera.setParallelScale((mmPerPixel(c, s) * s.size[1]) / 2);
  camera.setClippingRange(d.near, d.far);
}
