import { maskOfCrop, YuepianError } from '@yuepian/contract';
import { mm } from '@yuepian/geometry';
import {
  loadManifold,
  type Mesh,
  marginShell,
  neighbours,
  partBetween,
  planCut,
  planMaskCut,
  remesh,
  vertexCertainty,
} from '@yuepian/reconstruct';
import wasmUrl from 'manifold-3d/manifold.wasm?url';
import { GrowingMask } from '../editing/mask-box.ts';
import { bandsOf, wideMm } from './bands.ts';
import type {
  FromPlanWorker,
  NamedMesh,
  PlacedMask,
  PlanResult,
  PlanTask,
  ToPlanWorker,
} from './messages.ts';

/** Triangles of what a plan shows. */
const triangles = 40_000;

addEventListener('message', ({ data }: MessageEvent<ToPlanWorker>) => {
  run(data.task).then(
    (result) => tell({ call: data.call, result }),
    (error: unknown) => {
      const known =
        error instanceof YuepianError ? error : new YuepianError('internal', {}, { cause: error });
      tell({ call: data.call, code: known.code, details: known.details });
    },
  );
});

const tell = (message: FromPlanWorker): void => postMessage(message);

async function run(task: PlanTask): Promise<PlanResult> {
  switch (task.kind) {
    case 'neighbours':
      return {
        kind: 'neighbours',
        rows: neighbours(meshOf(task.lesion), task.others.map(meshOf), task.within),
      };
    case 'cut': {
      const { mask } = boxOf(task.mask);
      const { frontMl, backMl } = planMaskCut(mask, task.cut);
      await loadManifold(wasmUrl);
      const surface = await remesh(mask, task.key, { triangles });
      const parts = surface && (await planCut(surface, task.cut));
      return { kind: 'cut', front: parts?.front, back: parts?.back, frontMl, backMl };
    }
    case 'side': {
      const m = boxOf(task.mask);
      const { front } = planMaskCut(m.mask, task.cut);
      return { kind: 'voxels', edges: maskOfCrop(front.data, m.size, m.box) };
    }
    case 'part': {
      const m = boxOf(task.mask);
      return {
        kind: 'voxels',
        edges: maskOfCrop(partBetween(m.mask, task.seeds), m.size, m.box),
      };
    }
    case 'bands': {
      const certainty = vertexCertainty(meshOf({ key: '', ...task.mesh }), task.box, wideMm);
      return { kind: 'bands', meshes: bandsOf(task.mesh, certainty) };
    }
    case 'margin': {
      const shell = await marginShell(boxOf(task.mask).mask, mm(task.mm), task.key, { triangles });
      return { kind: 'margin', mesh: shell, volumeMl: shell?.volumeMl ?? 0 };
    }
  }
}

const meshOf = (m: NamedMesh): Mesh => ({ ...m, openEdges: 0 });
const boxOf = ({ size, affine, edges }: PlacedMask): GrowingMask =>
  new GrowingMask(size, affine, edges);
