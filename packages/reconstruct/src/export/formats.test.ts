import type { Vec3 } from '@yuepian/geometry';
import { strFromU8, unzipSync } from 'fflate';
import { beforeAll, describe, expect, it } from 'vitest';
import { remesh } from '../interactive/index.ts';
import { type Mesh, meshOf, meshVolume } from '../mesh.ts';
import { identity, labelsOf, sphere } from '../testing.ts';
import { toObj } from './obj.ts';
import { toPly } from './ply.ts';
import { isPrintable } from './printable.ts';
import { to3mf } from './threemf.ts';

const size: Vec3 = [40, 40, 40];
const look = (key: string) => ({ colour: key === 'liver' ? '#8a4632' : '#d0312d', opacity: 0.5 });
let meshes: Mesh[] = [];

beforeAll(async () => {
  for (const [key, radius] of [
    ['liver', 14],
    ['aorta', 6],
  ] as const) {
    const { data } = labelsOf(size, identity, sphere([20, 19, 21], radius));
    const mesh = await remesh({ size, affine: identity, data }, key);
    if (mesh !== undefined) meshes = [...meshes, mesh];
  }
});

const bounds = (p: ArrayLike<number>): number[] => {
  const out = [1e9, 1e9, 1e9, -1e9, -1e9, -1e9];
  for (let n = 0; n < p.length; n++) {
    out[n % 3] = Math.min(out[n % 3] as number, p[n] as number);
    out[(n % 3) + 3] = Math.max(out[(n % 3) + 3] as number, p[n] as number);
  }
  return out;
};

/** The same body: volume to 0.01 %, bounds to 0.1 µm. */
function expectSame(got: { positions: number[]; indices: number[] }, wanted: Mesh): void {
  const volume = meshVolume(Float32Array.from(got.positions), Uint32Array.from(got.indices));
  expect(volume / meshVolume(wanted.positions, wanted.indices)).toBeCloseTo(1, 4);
  bounds(got.positions).forEach((v, n) => {
    expect(v).toBeCloseTo(bounds(wanted.positions)[n] as number, 3);
  });
}

describe('OBJ', () => {
  it('read back holds the same bodies, with unit, axes, names and colours', () => {
    const { obj, mtl } = toObj(meshes, look);
    expect(obj).toMatch(/# units: mm\n# axes: LPS/);
    expect(mtl).toContain('newmtl liver\nKd 0.5412 0.2745 0.1961\nd 0.5');
    const blocks = obj.split(/^o /m).slice(1);
    let before = 1;
    blocks.forEach((block, n) => {
      const lines = block.split('\n');
      expect(lines[0]).toBe(meshes[n]?.key);
      const numbers = (kind: string): number[] =>
        lines
          .filter((l) => l.startsWith(`${kind} `))
          .flatMap((l) =>
            l
              .split(' ')
              .slice(1)
              .map((w) => Number(w.split('/')[0])),
          );
      const positions = numbers('v');
      expectSame({ positions, indices: numbers('f').map((i) => i - before) }, meshes[n] as Mesh);
      before += positions.length / 3;
    });
    expect(toObj(meshes).obj).not.toContain('mtllib');
  });
});

describe('PLY', () => {
  it.each([true, false])('read back holds the same bodies (colours: %s)', (coloured) => {
    const bytes = toPly(meshes, coloured ? look : undefined);
    const text = new TextDecoder('latin1').decode(bytes);
    const end = text.indexOf('end_header\n') + 11;
    const head = text.slice(0, end);
    expect(head).toContain('units mm; axes LPS');
    expect(head).toContain('comment structure aorta');
    const vertices = Number(/element vertex (\d+)/.exec(head)?.[1]);
    const faces = Number(/element face (\d+)/.exec(head)?.[1]);
    const stride = coloured ? 28 : 24;
    const view = new DataView(bytes.buffer, end);
    expect(view.byteLength).toBe(vertices * stride + faces * 13);
    const positions = Array.from({ length: vertices * 3 }, (_, n) =>
      view.getFloat32(Math.floor(n / 3) * stride + (n % 3) * 4, true),
    );
    if (coloured) expect([...bytes.subarray(end + 24, end + 28)]).toEqual([0x8a, 0x46, 0x32, 128]);
    const indices = Array.from({ length: faces * 3 }, (_, n) =>
      view.getUint32(vertices * stride + Math.floor(n / 3) * 13 + 1 + (n % 3) * 4, true),
    );
    const [first] = meshes as [Mesh];
    expectSame(
      {
        positions: positions.slice(0, first.positions.length),
        indices: indices.slice(0, first.indices.length),
      },
      first,
    );
    const sum = meshes.reduce((v, m) => v + meshVolume(m.positions, m.indices), 0);
    const all = meshVolume(Float32Array.from(positions), Uint32Array.from(indices));
    expect(all / sum).toBeCloseTo(1, 4);
  });
});

describe('3MF', () => {
  it('read back holds the same bodies in millimetres, named and coloured', () => {
    const files = unzipSync(to3mf(meshes, look, (key) => `肝 <${key}> & "x"`));
    expect(Object.keys(files)).toEqual(['[Content_Types].xml', '_rels/.rels', '3D/3dmodel.model']);
    const model = strFromU8(files['3D/3dmodel.model'] as Uint8Array);
    expect(model).toContain('unit="millimeter"');
    expect(model).toContain('LPS');
    expect(model).toContain('displaycolor="#8A463280"');
    expect(model).toContain('name="肝 &lt;aorta&gt; &amp; &quot;x&quot;"');
    const objects = [...model.matchAll(/<object id="(\d+)"[^>]*pindex="(\d)">(.*?)<\/object>/gs)];
    expect(objects.map((o) => o[2])).toEqual(['0', '1']);
    objects.forEach((o, n) => {
      const numbers = (pattern: RegExp): number[] =>
        [...(o[3] ?? '').matchAll(pattern)].flatMap((m) => m.slice(1).map(Number));
      expectSame(
        {
          positions: numbers(/<vertex x="(.*?)" y="(.*?)" z="(.*?)"\/>/g),
          indices: numbers(/<triangle v1="(\d+)" v2="(\d+)" v3="(\d+)"\/>/g),
        },
        meshes[n] as Mesh,
      );
    });
    expect(model.match(/<item /g)).toHaveLength(2);
    expect(strFromU8(unzipSync(to3mf(meshes))['3D/3dmodel.model'] as Uint8Array)).not.toContain(
      'basematerials',
    );
  });
});

describe('isPrintable', () => {
  it('accepts the surfaces made here', async () => {
    expect(await isPrintable(meshes[0] as Mesh)).toEqual({
      printable: true,
      openEdges: 0,
      nonManifoldEdges: 0,
      status: 'NoError',
      warnings: [],
    });
  });

  it('says what is wrong with a mesh that has a hole, a fold, or is inside out', async () => {
    const whole = meshes[0] as Mesh;
    const open = meshOf('liver', whole.positions, whole.indices.slice(3));
    expect(await isPrintable(open)).toMatchObject({
      printable: false,
      openEdges: 3,
      warnings: [{ code: 'not_printable_open', details: { key: 'liver', edges: 3 } }],
    });
    const twice = meshOf(
      'liver',
      whole.positions,
      Uint32Array.of(...whole.indices, ...whole.indices),
    );
    expect((await isPrintable(twice)).warnings.map((w) => w.code)).toEqual(['not_printable_edges']);
    const inward = meshOf('liver', whole.positions, whole.indices.toReversed());
    expect((await isPrintable(inward)).warnings).toEqual([
      { code: 'not_printable_solid', details: { key: 'liver', status: 'InsideOut' } },
    ]);
    const nothing = meshOf('liver', new Float32Array(0), new Uint32Array(0));
    expect((await isPrintable(nothing)).printable).toBe(false);
  });
});
