import type { MarkKind } from '@yuepian/contract';
import {
  Bookmark,
  Circle,
  CircleDot,
  Crosshair,
  Diamond,
  Highlighter,
  Lasso,
  MoveUpLeft,
  PenLine,
  Pentagon,
  RectangleHorizontal,
  Ruler,
  Spline,
  SquareSplitVertical,
  TrendingUpDown,
  TriangleRight,
  Type,
  Waypoints,
} from 'lucide-react';
import type { ReactNode } from 'react';

/** One picture a kind, in the bar and in the list. */
export const kindIcons: Record<MarkKind, ReactNode> = {
  length: <Ruler />,
  bidirectional: <SquareSplitVertical />,
  angle: <TriangleRight />,
  cobb: <TrendingUpDown />,
  probe: <Crosshair />,
  ellipse: <Circle />,
  rectangle: <RectangleHorizontal />,
  polygon: <Pentagon />,
  freehand: <Lasso />,
  arrow: <MoveUpLeft />,
  text: <Type />,
  ink: <PenLine />,
  highlighter: <Highlighter />,
  keyImage: <Bookmark />,
  point: <CircleDot />,
  distance: <Waypoints />,
  surfacePoint: <Diamond />,
  surfaceLine: <Spline />,
};
