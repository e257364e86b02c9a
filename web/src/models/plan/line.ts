import type { Projection } from '../../engine/index.ts';
import type { Line } from './messages.ts';

/** The shortest line between two structures, with its length. */
export function drawLine(
  context: CanvasRenderingContext2D,
  p: Projection,
  line: Line,
  text: string,
): void {
  const [a, b] = [p.toCanvas(line.from), p.toCanvas(line.to)];
  context.save();
  for (const [width, style] of [
    [4, 'rgb(0 0 0 / 70%)'],
    [2, '#ffe08a'],
  ] as const) {
    context.beginPath();
    context.moveTo(a[0], a[1]);
    context.lineTo(b[0], b[1]);
    context.lineWidth = width;
    context.strokeStyle = style;
    context.stroke();
    for (const q of [a, b]) {
      context.beginPath();
      context.arc(q[0], q[1], 4, 0, 2 * Math.PI);
      context.fillStyle = style;
      context.fill();
    }
  }
  const size = 15;
  context.font = `600 ${size}px Inter, "PingFang SC", "Noto Sans CJK SC", sans-serif`;
  const [x, y] = [(a[0] + b[0]) / 2 + 10, (a[1] + b[1]) / 2];
  context.lineWidth = 4;
  context.strokeStyle = 'rgb(0 0 0 / 80%)';
  context.strokeText(text, x, y);
  context.fillStyle = '#ffe08a';
  context.fillText(text, x, y);
  context.restore();
}
