import { clipText } from './clip.ts';

/**
 * Surfaces of structures, lit from the viewer. Opaque ones go straight to the picture; translucent
 * ones are peeled front to back (Everitt, "Interactive order-independent transparency", 2001), one
 * layer a pass, because vtk's own order-independent pass weighs by depth instead of sorting and
 * cannot be interleaved with a volume.
 */
export const meshVertexShader = `#version 300 es
in vec3 position;
in vec3 normal;
uniform vec4 rowX;
uniform vec4 rowY;
uniform vec4 rowZ;
uniform vec3 eye;        // unit, towards the viewer
uniform vec3 offset;     // mm, an exploded structure's way from its place
out vec3 facing;
out vec3 place;
out float toViewer;
void main() {
  vec4 p = vec4(position + offset, 1.0);
  place = position;
  gl_Position = vec4(dot(rowX, p), dot(rowY, p), dot(rowZ, p), 1.0);
  facing = normal;
  toViewer = 0.0;
}`;

/**
 * 16-bit depth in two bytes, the coding vtk's volume mapper reads. Samplers must be highp: by default
 * they are lowp, and drivers that take it at its word return 10 bits.
 */
const pack = `
vec4 packDepth(float z) {
  float i = floor(clamp(z, 0.0, 1.0) * 65535.0 + 0.1);
  return vec4(floor(i / 256.0) / 255.0, mod(i, 256.0) / 255.0, 0.0, 1.0);
}
float unpackDepth(vec4 d) { return (d.r * 256.0 + d.g) / 257.0; }`;

const shade = `
vec3 shaded(vec3 base, vec3 n, vec3 towards) {
  float d = abs(dot(normalize(n), towards));
  return base * (0.22 + 0.78 * d) + vec3(0.18 * pow(d, 24.0));
}`;

export const opaqueFragmentShader = `#version 300 es
precision highp float;
precision highp sampler2D;
in vec3 facing;
uniform vec4 colour;
uniform vec3 eye;
uniform bool depthOnly;
layout(location = 0) out vec4 picture;
${pack}
${shade}
${clipText}
void main() {
  clipAway();
  picture = depthOnly ? packDepth(gl_FragCoord.z) : vec4(shaded(colour.rgb, facing, eye), 1.0);
}`;

/** One layer: the nearest fragment behind the previous layer and before what is opaque. */
export const peelFragmentShader = `#version 300 es
precision highp float;
precision highp sampler2D;
in vec3 facing;
uniform vec4 colour;
uniform vec3 eye;
uniform sampler2D previousDepth;
uniform sampler2D opaqueDepth;
layout(location = 0) out vec4 picture;
layout(location = 1) out vec4 depth;
${pack}
${shade}
${clipText}
void main() {
  clipAway();
  // Back faces would double every shell; what matters of a translucent organ is its near side.
  if (dot(facing, eye) <= 0.0) discard;
  ivec2 at = ivec2(gl_FragCoord.xy);
  float z = gl_FragCoord.z;
  if (z <= unpackDepth(texelFetch(previousDepth, at, 0)) + 1.6e-5) discard;
  if (z >= unpackDepth(texelFetch(opaqueDepth, at, 0))) discard;
  picture = vec4(shaded(colour.rgb, facing, eye), colour.a);
  depth = packDepth(z);
}`;

export const screenVertexShader = `#version 300 es
void main() {
  vec2 p = vec2(float((gl_VertexID & 1) << 2) - 1.0, float((gl_VertexID & 2) << 1) - 1.0);
  gl_Position = vec4(p, 0.0, 1.0);
}`;

/** Copies the opaque depth into a layer, so that a ray without a layer still ends at what is opaque. */
export const copyFragmentShader = `#version 300 es
precision highp float;
precision highp sampler2D;
uniform sampler2D source;
layout(location = 0) out vec4 picture;
layout(location = 1) out vec4 depth;
void main() {
  picture = vec4(0.0);
  depth = texelFetch(source, ivec2(gl_FragCoord.xy), 0);
}`;

/**
 * Layers and volume put together. With V(d) the volume accumulated from the eye to depth d
 * (premultiplied), V(d2) − V(d1) is what the ray gathers between two layers, already dimmed by the
 * volume before it; so each layer has to be dimmed by V up to it, and each later part of the volume
 * by the layers before it. Exact for the layers that have a V of their own.
 */
export const composeFragmentShader = `#version 300 es
precision highp float;
precision highp sampler2D;
uniform sampler2D layer0;
uniform sampler2D layer1;
uniform sampler2D layer2;
uniform sampler2D layer3;
uniform sampler2D upTo0;
uniform sampler2D upTo1;
uniform sampler2D whole;
uniform int layers;
uniform int splits;      // layers that have their own V
uniform bool volume;
out vec4 picture;

vec3 gathered = vec3(0.0);
float through = 1.0;
vec4 before = vec4(0.0);

void add(vec4 layer, vec4 upTo, bool known) {
  if (layer.a <= 0.0) return;
  if (known) {
    gathered += through * max(upTo.rgb - before.rgb, 0.0);
    before = upTo;
  }
  gathered += through * (1.0 - before.a) * layer.a * layer.rgb;
  through *= 1.0 - layer.a;
}

void main() {
  ivec2 at = ivec2(gl_FragCoord.xy);
  vec4 none = vec4(0.0);
  add(texelFetch(layer0, at, 0), splits > 0 ? texelFetch(upTo0, at, 0) : none, splits > 0);
  if (layers > 1) {
    add(texelFetch(layer1, at, 0), splits > 1 ? texelFetch(upTo1, at, 0) : none, splits > 1);
  }
  if (layers > 2) add(texelFetch(layer2, at, 0), none, false);
  if (layers > 3) add(texelFetch(layer3, at, 0), none, false);
  vec4 v = volume ? texelFetch(whole, at, 0) : none;
  gathered += through * max(v.rgb - before.rgb, 0.0);
  picture = vec4(gathered, 1.0 - through * (1.0 - v.a));
}`;
