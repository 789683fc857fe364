// Geometry of lines and zones. Points are [x, y] in shares of the displayed picture, 0 to 1, y down.

const DIGITS = 1e5;

export function pointsOf(shape) {
  return shape.points ?? [shape.start, shape.end];
}

export function withPoints(shape, points) {
  const clean = points.map((point) => point.map(round));
  return shape.points ? { ...shape, points: clean } : { ...shape, start: clean[0], end: clean[1] };
}

export function isZone(shape) {
  return Boolean(shape.points);
}

// Whether it is a line without a length, which counts nothing and cannot be saved.
export function isPoint(shape) {
  return !isZone(shape) && shape.start.every((share, at) => share === shape.end[at]);
}

// The nearest point of the picture.
export function inside([x, y]) {
  return [clamp(x), clamp(y)];
}

// All points moved by the same way, as far as the picture reaches; what is outside of it moves no farther away.
export function moved(points, dx, dy) {
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  const [byX, byY] = [within(dx, Math.min(...xs), Math.max(...xs)), within(dy, Math.min(...ys), Math.max(...ys))];
  return points.map(([x, y]) => [x + byX, y + byY]);
}

export function middle(points) {
  const sum = points.reduce(([x, y], [px, py]) => [x + px, y + py], [0, 0]);
  return [sum[0] / points.length, sum[1] / points.length];
}

// The direction in which a line counts "in": to the right of start → end as seen on the picture. In pixels, length 1.
export function towardsIn([x1, y1], [x2, y2]) {
  const length = Math.hypot(x2 - x1, y2 - y1) || 1;
  return [-(y2 - y1) / length, (x2 - x1) / length];
}

export function distance([x1, y1], [x2, y2]) {
  return Math.hypot(x2 - x1, y2 - y1);
}

function within(by, least, most) {
  return Math.min(Math.max(by, Math.min(-least, 0)), Math.max(1 - most, 0));
}

function clamp(value) {
  return Math.min(Math.max(value, 0), 1);
}

function round(value) {
  return Math.round(value * DIGITS) / DIGITS;
}
