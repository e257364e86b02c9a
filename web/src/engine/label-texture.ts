import type { Grid } from './grid.ts';
import type { LabelGrid } from './labels.ts';

/** The label map on the card, with a table label → colour; alpha 0 = not drawn. */
export class LabelTexture {
  readonly grid: Grid;
  readonly #gl: WebGL2RenderingContext;
  readonly #labels: WebGLTexture | null;
  readonly #looks: WebGLTexture | null;

  constructor(gl: WebGL2RenderingContext, labels: LabelGrid) {
    this.#gl = gl;
    this.grid = labels;
    const [nx, ny, nz] = labels.size;
    this.#labels = gl.createTexture();
    gl.activeTexture(gl.TEXTURE0);
    gl.pixelStorei(gl.UNPACK_FLIP_Y_WEBGL, false);
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    gl.bindTexture(gl.TEXTURE_3D, this.#labels);
    for (const filter of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) {
      gl.texParameteri(gl.TEXTURE_3D, filter, gl.NEAREST);
    }
    for (const wrap of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T, gl.TEXTURE_WRAP_R]) {
      gl.texParameteri(gl.TEXTURE_3D, wrap, gl.CLAMP_TO_EDGE);
    }
    gl.texStorage3D(gl.TEXTURE_3D, 1, gl.R8, nx, ny, nz);
    gl.texSubImage3D(gl.TEXTURE_3D, 0, 0, 0, 0, nx, ny, nz, gl.RED, gl.UNSIGNED_BYTE, labels.data);
    gl.bindTexture(gl.TEXTURE_3D, null);
    this.#looks = gl.createTexture();
    this.setLooks(new Uint8Array(256 * 4));
  }

  /** @param table RGBA of each of the 256 labels. */
  setLooks(table: Uint8Array): void {
    const gl = this.#gl;
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D, this.#looks);
    gl.pixelStorei(gl.UNPACK_FLIP_Y_WEBGL, false);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, 256, 1, 0, gl.RGBA, gl.UNSIGNED_BYTE, table);
    gl.bindTexture(gl.TEXTURE_2D, null);
  }

  bind(gl: WebGL2RenderingContext, labelUnit: number, lookUnit: number): void {
    gl.activeTexture(gl.TEXTURE0 + labelUnit);
    gl.bindTexture(gl.TEXTURE_3D, this.#labels);
    gl.activeTexture(gl.TEXTURE0 + lookUnit);
    gl.bindTexture(gl.TEXTURE_2D, this.#looks);
  }

  release(): void {
    this.#gl.deleteTexture(this.#labels);
    this.#gl.deleteTexture(this.#looks);
  }
}
