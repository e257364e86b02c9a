import { dot, norm, scale, type Vec3 } from '@yuepian/geometry';
import type { Program } from './gl-program.ts';

/** A plane that hides one side of the 3D view: what lies on the side of the normal stays. LPS mm. */
export interface ClipPlane {
  readonly point: Vec3;
  readonly normal: Vec3;
}

/** What vtk's volume mapper takes at most, and what the shaders have room for. */
export const maximumClipPlanes = 6;

/** Normal and distance of each plane, unit normals; planes without a direction are left out. */
export function clipRows(planes: readonly ClipPlane[]): readonly (readonly [Vec3, number])[] {
  return planes
    .filter((p) => norm(p.normal) > 0)
    .slice(0, maximumClipPlanes)
    .map(({ point, normal }) => {
      const n = scale(normal, 1 / norm(normal));
      return [n, dot(n, point)] as const;
    });
}

export const isClipped = (rows: readonly (readonly [Vec3, number])[], p: Vec3): boolean =>
  rows.some(([n, d]) => dot(n, p) < d);

/** Shader text: hides fragments beyond a plane. `place` is the point in patient mm. */
export const clipText = `
uniform vec4 clip[${maximumClipPlanes}];
uniform int clips;
in vec3 place;
void clipAway() {
  for (int i = 0; i < ${maximumClipPlanes}; i++) {
    if (i < clips && dot(clip[i].xyz, place) < clip[i].w) discard;
  }
}`;

export function clipUniforms(
  gl: WebGL2RenderingContext,
  program: Program,
  planes: readonly ClipPlane[],
): void {
  const rows = clipRows(planes);
  gl.uniform1i(program.at('clips'), rows.length);
  if (rows.length === 0) return;
  gl.uniform4fv(
    program.at('clip[0]'),
    rows.flatMap(([n, d]) => [...n, d]),
  );
}
