import { mark } from '@yuepian/contract';
import { encodeStroke, type InkPoint } from '@yuepian/geometry';
import * as Y from 'yjs';
import { CaseDocument } from '../web/src/case/document.ts';
import { median, percentile, print } from './figure.ts';
import { openMarksPage } from './marks-bench.ts';
import { remoteInk } from './remote-ink.ts';

/** Size of ink in the case document, and how long after the pen its line is on this and on another screen. */
export default async function ink(): Promise<void> {
  for (const length of [200, 100]) {
    const bytes = documentBytes(100_000, length);
    print({
      name: length === 200 ? 'ink.document-bytes' : 'ink.document-bytes-short',
      value: bytes / 1000,
      unit: 'KB',
      n: 100_000,
      note: `100,000 points with pressure, ${length} a stroke, 0.02 mm, a whole mark a stroke`,
    });
  }
  await latency();
  await remoteInk();
}

/** Handwriting at 150 Hz: loops of 6 mm that go on to the right, pressed more and less. */
function handwriting(stroke: number, length: number): InkPoint[] {
  return Array.from({ length }, (_, n) => {
    const t = n / 150;
    return {
      x: (stroke % 20) * 9 + 18 * t + 3 * Math.sin(t * 19 + stroke) + 0.05 * Math.sin(n * 1.7),
      y: Math.floor(stroke / 20) * 8 + 3 * Math.cos(t * 17) + 0.05 * Math.cos(n * 2.3),
      pressure: 0.5 + 0.3 * Math.sin(t * 9 + stroke),
    };
  });
}

function documentBytes(points: number, length: number): number {
  const document = new CaseDocument();
  for (let n = 0; n < points / length; n++) {
    document.addMark(
      mark.parse({
        version: 2,
        id: n.toString(16).padStart(32, '0'),
        kind: 'ink',
        frameOfReferenceUid: '1.2.826.0.1.3680043.8.498.45787841905188114249881988170231',
        volumeId: 'e3b0c44298fc1c149afbf4c8996fb924',
        plane: { point: [-103.241, 55.127 + n / 7, 402.5], normal: [0, 0, -1] },
        points: [],
        stroke: encodeStroke(handwriting(n, length)),
        width: 1.37,
        label: '',
        colour: '#4fd1c5',
        author: { id: '0f8fad5b', name: '陈医生' },
        createdAt: new Date(Date.UTC(2026, 10, 20, 8, 0, n)).toISOString(),
        hidden: false,
      }),
    );
  }
  return Y.encodeStateAsUpdate(document.doc).length;
}

async function latency(): Promise<void> {
  await using bench = await openMarksPage();
  const page = await bench.page({ width: 1920, height: 1080 });
  await page.evaluate(() => window.marksHarness.pick('ink'));
  for (let stroke = 0; stroke < 6; stroke++) {
    await page.mouse.move(300 + stroke * 200, 300);
    await page.mouse.down();
    for (let n = 0; n < 80; n++) {
      await page.mouse.move(300 + stroke * 200 + 60 * Math.sin(n / 6), 300 + n * 4);
    }
    await page.mouse.up();
  }
  const { latencies, marks } = await page.evaluate(() => ({
    latencies: window.marksHarness.latencies,
    marks: window.marksHarness.marks(),
  }));
  if (marks !== 6) throw new Error(`${marks} strokes instead of 6`);
  const note = 'event to the frame that shows it, one 1920×1080 view, software GL';
  const n = latencies.length;
  print({ name: 'ink.local-paint', value: median(latencies), unit: 'ms', n, note });
  print({ name: 'ink.local-paint-p95', value: percentile(latencies, 0.95), unit: 'ms', n, note });
}
