import {
  cache,
  Enums,
  eventTarget,
  getRenderingCapabilities,
  init,
  RenderingEngine,
  type Types,
} from '@cornerstonejs/core';
import type vtkRenderer from '@kitware/vtk.js/Rendering/Core/Renderer';

/** The parts of vtk's OpenGL render window that we use; vtk's own types leave it untyped. */
export interface GlWindow {
  getContext(): WebGL2RenderingContext;
  getShaderCache(): { setLastShaderProgramBound(program: null): void };
  /** Device pixels of the canvas all views share. */
  getSize(): [number, number];
}

/** Something that draws one view in place of vtk's forward pass. */
export interface RenderPass {
  traverse(window: unknown, parent: unknown): void;
}

type Viewport = Types.IViewport & {
  sWidth: number;
  sHeight: number;
  canvas: HTMLCanvasElement;
  getRenderPasses: () => readonly RenderPass[] | null;
  getRenderer(): vtkRenderer;
};

/** A picture's own element and viewport; moved between the page and the parking place, never disabled. */
export interface Seat {
  readonly id: string;
  readonly host: HTMLDivElement;
  readonly canvas: HTMLCanvasElement;
  readonly renderer: vtkRenderer;
  /** Device pixels to draw; `shown` CSS size the canvas covers. */
  resize(device: readonly [number, number], shown: readonly [number, number]): void;
  setPass(pass: RenderPass): void;
  onRendered(listener: () => void): () => void;
}

const engineId = 'yuepian';
const reserveId = 'reserve';
/** Frames the 3D view waits for planes; somebody who scrolls on and on must not stop it for good. */
const patience = 4;

/**
 * Cornerstone, set up once per tab: one rendering engine with ONE graphics context for all views, so
 * that a volume's texture exists once. The engine is never re-created, because graphics memory is not
 * given back, and no viewport is disabled, because survivors then draw offset: a detached view's host
 * is parked in a hidden element and used again.
 */
export class Stage {
  /** 16-bit textures that are there and are filtered rightly: some drivers have them and do not. */
  readonly norm16: boolean;
  readonly #engine: RenderingEngine;
  readonly #parking: HTMLDivElement;
  readonly #free = new Map<'plane' | 'volume', Seat[]>();
  /** Asked for and not yet drawn: planes, and 3D views that wait for them. */
  readonly #planes = new Set<string>();
  readonly #late = new Set<string>();
  #seats = 0;
  #reserved: [number, number] = [0, 0];

  constructor() {
    init({
      rendering: { webGlContextCount: 1, useCPURendering: false },
      debug: { statsOverlay: false },
    });
    const { norm16, norm16Linear } = getRenderingCapabilities();
    this.norm16 = norm16 && norm16Linear;
    this.#parking = document.createElement('div');
    this.#parking.style.display = 'none';
    this.#parking.setAttribute('data-engine-parking', '');
    document.body.append(this.#parking);
    this.#engine = new RenderingEngine(engineId);
  }

  seat(kind: 'plane' | 'volume'): Seat {
    const parked = this.#free.get(kind)?.pop();
    return parked ?? this.#createSeat(kind);
  }

  park(kind: 'plane' | 'volume', seat: Seat): void {
    this.#parking.append(seat.host);
    this.#planes.delete(seat.id);
    const list = this.#free.get(kind) ?? [];
    if (!list.includes(seat)) list.push(seat);
    this.#free.set(kind, list);
  }

  /**
   * Asks for a frame of a view; Cornerstone draws all asked-for views in the next animation frame.
   * The 3D view asks once the planes are drawn, so that these never wait for it.
   */
  request(kind: 'plane' | 'volume', seat: Seat): void {
    if (kind === 'plane') {
      this.#planes.add(seat.id);
      this.#engine.renderViewport(seat.id);
    } else if (!this.#late.has(seat.id)) {
      this.#late.add(seat.id);
      this.#askLate(seat.id, patience);
    }
  }

  #askLate(id: string, tries: number): void {
    requestAnimationFrame(() => {
      if (this.#planes.size > 0 && tries > 0) {
        this.#askLate(id, tries - 1);
        return;
      }
      this.#late.delete(id);
      this.#engine.renderViewport(id);
    });
  }

  get glWindow(): GlWindow {
    return this.#engine.getOffscreenMultiRenderWindow(this.#anySeatId()).getOpenGLRenderWindow();
  }

  onContextLost(listener: () => void): void {
    eventTarget.addEventListener(Enums.Events.WEBGL_CONTEXT_LOST, listener);
  }

  purge(): void {
    cache.purgeCache();
  }

  #anySeatId(): string {
    const first = this.#engine.getViewports()[0];
    // A volume can arrive before the first view is attached; its texture needs the context now.
    return first ? first.id : this.#warmUp();
  }

  #warmUp(): string {
    const seat = this.#createSeat('plane');
    this.park('plane', seat);
    return seat.id;
  }

  #createSeat(kind: 'plane' | 'volume'): Seat {
    const id = `view-${++this.#seats}`;
    const host = document.createElement('div');
    Object.assign(host.style, {
      position: 'absolute',
      inset: '0',
      overflow: 'hidden',
      background: '#000',
    });
    host.append(opaquePicture());
    this.#parking.append(host);
    this.#engine.enableElement({
      viewportId: id,
      element: host,
      type: kind === 'plane' ? Enums.ViewportType.ORTHOGRAPHIC : Enums.ViewportType.VOLUME_3D,
      defaultOptions: { background: [0, 0, 0] },
    });
    const viewport = this.#engine.getViewport<Viewport>(id);
    // Fingers and pens are the pointer layer's; Cornerstone makes its element focusable.
    host.removeAttribute('tabindex');
    host.addEventListener(Enums.Events.IMAGE_RENDERED, () => this.#planes.delete(id));
    const { canvas } = viewport;
    canvas.style.imageRendering = 'auto';
    canvas.style.left = '0';
    canvas.style.top = '0';
    return {
      id,
      host,
      canvas,
      renderer: viewport.getRenderer(),
      resize: (device, shown) => {
        viewport.sWidth = device[0];
        viewport.sHeight = device[1];
        canvas.style.width = `${shown[0]}px`;
        canvas.style.height = `${shown[1]}px`;
        this.#reserve(device);
      },
      setPass: (pass) => {
        viewport.getRenderPasses = () => [pass];
      },
      onRendered: (listener) => {
        host.addEventListener(Enums.Events.IMAGE_RENDERED, listener);
        return () => host.removeEventListener(Enums.Events.IMAGE_RENDERED, listener);
      },
    };
  }

  /**
   * Cornerstone sizes the shared off-screen canvas to its largest view and re-allocates it whenever
   * that changes; halving the 3D view while it moves would do so twice a gesture. A made-up view
   * keeps the largest size seen.
   */
  #reserve(device: readonly [number, number]): void {
    const [w, h] = this.#reserved;
    const next: [number, number] = [Math.max(w, device[0]), Math.max(h, device[1])];
    if (next[0] === w && next[1] === h) return;
    this.#reserved = next;
    const { contextPool: pool } = (this.#engine as unknown as PoolOwner)._implementation ?? {};
    if (!pool) return;
    pool.assignViewportToContext(reserveId, 0);
    if (!pool.updateViewportSize(reserveId, next[0], next[1])) return;
    // Cornerstone resizes the canvas only when it finds the largest size changed itself; this change
    // it would miss, and every view that grew would be drawn blank or offset.
    const canvas = pool.getContextByIndex(0);
    const size = pool.getMaxSizeForContext(0);
    if (!canvas || !size) return;
    Object.assign(canvas.container, { width: size.width, height: size.height });
    canvas.context.resize();
  }
}

/**
 * The element and canvas that Cornerstone would make itself and takes where they are there. A picture has
 * no holes: without alpha, whoever puts the page together need not blend it in each frame.
 */
function opaquePicture(): HTMLElement {
  const element = document.createElement('div');
  element.className = 'viewport-element';
  Object.assign(element.style, {
    position: 'relative',
    width: '100%',
    height: '100%',
    overflow: 'hidden',
  });
  const canvas = document.createElement('canvas');
  canvas.className = 'cornerstone-canvas';
  Object.assign(canvas.style, { position: 'absolute', width: '100%', height: '100%' });
  canvas.getContext('2d', { alpha: false });
  element.append(canvas);
  return element;
}

/** The part of Cornerstone's context pool that sizes the shared canvas; its own types hide it. */
interface PoolOwner {
  readonly _implementation?: {
    readonly contextPool?: {
      assignViewportToContext(id: string, context: number): void;
      updateViewportSize(id: string, width: number, height: number): boolean;
      getMaxSizeForContext(context: number): { width: number; height: number } | undefined;
      getContextByIndex(
        context: number,
      ): { container: HTMLElement; context: { resize(): void } } | null;
    };
  };
}
