/**
 * Draws one plane of a volume: where the pixel lies in the volume, the value there (or the largest,
 * smallest or mean along the slab), the grey of the window, and the outlines of structures.
 * Ours instead of vtk's ray caster, because that jitters where a ray begins and so blurs a thin
 * slice, and instead of vtk's reslice mapper, because that compiles a shader for every slice.
 */
export const sliceVertexShader = `#version 300 es
void main() {
  // One triangle that covers the screen; no buffers needed.
  vec2 p = vec2(float((gl_VertexID & 1) << 2) - 1.0, float((gl_VertexID & 2) << 1) - 1.0);
  gl_Position = vec4(p, 0.0, 1.0);
}`;

export const sliceFragmentShader = `#version 300 es
precision highp float;
precision highp int;
precision highp sampler3D;
uniform sampler3D volume;
uniform sampler3D labels;
uniform sampler2D looks;
// Device pixel -> texture coordinate: start + x * across + y * upwards; one slab sample = through.
uniform vec3 start;
uniform vec3 across;
uniform vec3 upwards;
uniform vec3 through;
uniform int samples;      // along the slab, 1 = plain slice
uniform int mode;         // 0 mean, 1 max, 2 min
uniform float sampleScale;
uniform vec2 greys;       // slope and intercept, value -> 0..1
uniform bool sigmoid;     // of the line: 1 / (1 + exp(-4 (x - c) / w)), PS3.3 C.11.2.1.3.1
uniform bool inverted;
uniform bool outlines;
uniform vec3 labelStart;
uniform vec3 labelAcross;
uniform vec3 labelUpwards;
uniform float outlinePixels;
out vec4 colour;

bool outside(vec3 t) { return any(lessThan(t, vec3(0.0))) || any(greaterThan(t, vec3(1.0))); }

vec4 lookAt(vec2 pixel) {
  vec3 t = labelStart + pixel.x * labelAcross + pixel.y * labelUpwards;
  if (outside(t)) return vec4(0.0);
  int label = int(texture(labels, t).r * 255.0 + 0.5);
  return texelFetch(looks, ivec2(label, 0), 0);
}

void main() {
  vec2 pixel = gl_FragCoord.xy;
  vec3 t = start + pixel.x * across + pixel.y * upwards;
  colour = vec4(0.0, 0.0, 0.0, 1.0);
  float best = mode == 2 ? 3.4e38 : (mode == 1 ? -3.4e38 : 0.0);
  int hits = 0;
  for (int i = 0; i < samples; i++) {
    vec3 s = t + (float(i) - 0.5 * float(samples - 1)) * through;
    if (outside(s)) continue;
    float value = texture(volume, s).r * sampleScale;
    best = mode == 1 ? max(best, value) : (mode == 2 ? min(best, value) : best + value);
    hits++;
  }
  if (hits == 0) return;
  if (mode == 0) best /= float(hits);
  float line = best * greys.x + greys.y;
  float grey = sigmoid ? 1.0 / (1.0 + exp(-4.0 * (line - 0.5))) : clamp(line, 0.0, 1.0);
  if (inverted) grey = 1.0 - grey;
  colour.rgb = vec3(grey);
  if (outlines) {
    vec4 here = lookAt(pixel);
    if (here.a > 0.0) {
      bool edge = lookAt(pixel + vec2(outlinePixels, 0.0)) != here
        || lookAt(pixel - vec2(outlinePixels, 0.0)) != here
        || lookAt(pixel + vec2(0.0, outlinePixels)) != here
        || lookAt(pixel - vec2(0.0, outlinePixels)) != here;
      if (edge) colour.rgb = here.rgb;
    }
  }
}`;
