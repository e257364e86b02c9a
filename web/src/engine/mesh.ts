import { type PatientPoint, patientPoint, type Vec3 } from '@yuepian/geometry';
import type { MeshData } from './worker-messages.ts';

/** A surface on the graphics card and in memory (for picking). */
export class Mesh {
  readonly data: MeshData;
  readonly centre: PatientPoint;
  readonly radius: number;
  readonly low: Vec3;
  readonly high: Vec3;
  readonly #buffers: (WebGLBuffer | null)[] = [];
  #gl: WebGL2RenderingContext | undefined;
  #vertices: WebGLVertexArrayObject | null = null;

  constructor(data: MeshData) {
    this.data = data;
    const { low, high } = bounds(data.positions);
    this.low = low;
    this.high = high;
    this.centre = patientPoint(
      (low[0] + high[0]) / 2,
      (low[1] + high[1]) / 2,
      (low[2] + high[2]) / 2,
    );
    this.radius = Math.hypot(high[0] - low[0], high[1] - low[1], high[2] - low[2]) / 2;
  }

  /** Put on the card when first drawn: it may come before the card does, and may never be shown. */
  draw(gl: WebGL2RenderingContext): void {
    if (!this.#gl) this.#upload(gl);
    gl.bindVertexArray(this.#vertices);
    gl.drawElements(gl.TRIANGLES, this.data.indices.length, gl.UNSIGNED_INT, 0);
  }

  #upload(gl: WebGL2RenderingContext): void {
    const { data } = this;
    this.#gl = gl;
    this.#vertices = gl.createVertexArray();
    gl.bindVertexArray(this.#vertices);
    // Attribute 0 = position, 1 = normal: fixed by bindAttribLocation in the programs.
    for (const [index, values] of [data.positions, data.normals].entries()) {
      const buffer = gl.createBuffer();
      gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
      gl.bufferData(gl.ARRAY_BUFFER, values, gl.STATIC_DRAW);
      gl.enableVertexAttribArray(index);
      gl.vertexAttribPointer(index, 3, gl.FLOAT, false, 0, 0);
      this.#buffers.push(buffer);
    }
    const indices = gl.createBuffer();
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, indices);
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, data.indices, gl.STATIC_DRAW);
    this.#buffers.push(indices);
    gl.bindVertexArray(null);
    gl.bindBuffer(gl.ARRAY_BUFFER, null);
  }

  release(): void {
    for (const buffer of this.#buffers) this.#gl?.deleteBuffer(buffer);
    this.#gl?.deleteVertexArray(this.#vertices);
  }
}

function bounds(positions: Float32Array): { low: Vec3; high: Vec3 } {
  const low: [number, number, number] = [Infinity, Infinity, Infinity];
  const high: [number, number, number] = [-Infinity, -Infinity, -Infinity];
  for (let i = 0; i < positions.length; i += 3) {
    for (const a of [0, 1, 2] as const) {
      const v = positions[i + a] as number;
      if (v < low[a]) low[a] = v;
      if (v > high[a]) high[a] = v;
    }
  }
  return { low, high };
}
