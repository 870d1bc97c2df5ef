// Where the names beside points go: greedily, so that none covers another name or a named point. On a phone fewer have
// room than on a large screen, so each says whether it also fits the narrow one.

/** A point with a name; coordinates are fractions of the plot, from the lower left. Those that come first are placed first. */
export interface TaggedPoint {
  text: string;
  x: number;
  y: number;
  color: number;
  marked: boolean;
}

/** A name with its place: the point, the side it stands on, and whether there is room on a narrow screen. */
export interface PlacedTag extends TaggedPoint {
  left: number;
  bottom: number;
  side: Side;
  narrow: boolean;
}

type Side = "right-of" | "left-of" | "above" | "below";
const sides: readonly Side[] = ["right-of", "left-of", "above", "below"];

interface Box {
  left: number;
  right: number;
  bottom: number;
  top: number;
}

// Pixels of a plot: on a phone, half of a large page, all of it; and of the text.
const narrowPlot = { width: 280, height: 220 };
const halfPlot = { width: 400, height: 260 };
const widePlot = { width: 880, height: 380 };
const letter = 6.4;
const line = 12;
const gap = 9;
const dot = 7;

/** Places the names that have room; the others are left out. */
export function placeTags(points: readonly TaggedPoint[], wide: boolean): PlacedTag[] {
  const narrow = new Map(placeIn(points, narrowPlot).map((tag) => [tag.point, tag.side]));
  // What stands on both keeps its side, so that one element serves.
  return placeIn(points, wide ? widePlot : halfPlot, narrow).map(({ point, side }) => ({
    ...point,
    left: point.x,
    bottom: point.y,
    side,
    narrow: narrow.get(point) === side,
  }));
}

function placeIn(
  points: readonly TaggedPoint[],
  plot: { width: number; height: number },
  fixed?: ReadonlyMap<TaggedPoint, Side>,
): { point: TaggedPoint; side: Side }[] {
  const taken: Box[] = points.map(({ x, y }) => around(x * plot.width, y * plot.height, dot / 2, dot / 2));
  const placed: { point: TaggedPoint; side: Side }[] = [];
  const first = points.filter((point) => fixed?.has(point));
  for (const point of [...first, ...points.filter((one) => !first.includes(one))]) {
    const own = around(point.x * plot.width, point.y * plot.height, dot / 2, dot / 2);
    const wanted = fixed?.get(point);
    for (const side of wanted === undefined ? sides : [wanted, ...sides]) {
      const box = boxOf(point, side, plot);
      const inside = box.left >= 0 && box.right <= plot.width && box.bottom >= 0 && box.top <= plot.height;
      if (!inside || taken.some((other) => !equal(other, own) && overlap(box, other))) continue;
      taken.push(box);
      placed.push({ point, side });
      break;
    }
  }
  return placed;
}

function boxOf({ text, x, y }: TaggedPoint, side: Side, plot: { width: number; height: number }): Box {
  const [px, py, half] = [x * plot.width, y * plot.height, (letter * text.length) / 2];
  if (side === "right-of") return around(px + gap + half, py, half, line / 2);
  if (side === "left-of") return around(px - gap - half, py, half, line / 2);
  return around(px, side === "above" ? py + gap + line / 2 : py - gap - line / 2, half, line / 2);
}

function around(x: number, y: number, halfWidth: number, halfHeight: number): Box {
  return { left: x - halfWidth, right: x + halfWidth, bottom: y - halfHeight, top: y + halfHeight };
}

function overlap(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.bottom < b.top && b.bottom < a.top;
}

function equal(a: Box, b: Box): boolean {
  return a.left === b.left && a.bottom === b.bottom;
}
