// Draws outlines, keypoints and gaze of boxes, from the points of `packed_shapes.py`.

const UNIT = 1 << 14; // width and height of the picture in the coordinates
const NOWHERE = -(1 << 15);
const FILL = 0.45; // as in exact pictures
const LINE_PX = 2;
const POINT_PX = 3.5;
const ARROW_PX = 12;

// The shapes that lie below the boxes.
export function drawBelow(context, boxes, colorOf, place) {
  const outlined = boxes.filter(({ shape }) => shape?.kind === "outlines" && shape.xy.length);
  outlined.sort((one, other) => areaOf(other) - areaOf(one)); // smaller objects stay visible
  for (const box of outlined) drawOutline(context, box.shape, colorOf(box), place);
}

// The shapes that lie above the boxes.
export function drawAbove(context, boxes, colorOf, place) {
  for (const box of boxes) {
    if (box.shape?.kind === "keypoints") drawKeypoints(context, box.shape, colorOf(box), place);
    if (box.shape?.kind === "gaze") drawArrow(context, box.shape, colorOf(box), place);
  }
}

function drawOutline(context, shape, color, place) {
  context.beginPath();
  let isStart = true;
  for (let at = 0; at < shape.breaks.length; at++) {
    const [x, y] = placeOf(shape, at, place);
    if (isStart) context.moveTo(x, y);
    else context.lineTo(x, y);
    isStart = Boolean(shape.breaks[at]);
    if (isStart) context.closePath();
  }
  context.globalAlpha = FILL;
  context.fillStyle = context.strokeStyle = color;
  context.fill("evenodd");
  context.globalAlpha = 1;
  context.lineWidth = 1;
  context.stroke();
}

function drawKeypoints(context, shape, color, place) {
  const isShown = (at) => shape.xy[at * 2] !== NOWHERE;
  context.lineWidth = LINE_PX;
  context.strokeStyle = color;
  context.beginPath();
  for (const [from, to] of shape.edges) {
    if (!isShown(from - 1) || !isShown(to - 1)) continue;
    context.moveTo(...placeOf(shape, from - 1, place));
    context.lineTo(...placeOf(shape, to - 1, place));
  }
  context.stroke();
  for (let at = 0; at * 2 < shape.xy.length; at++) {
    if (!isShown(at)) continue;
    context.beginPath();
    context.arc(...placeOf(shape, at, place), POINT_PX, 0, 2 * Math.PI);
    context.fillStyle = color;
    context.fill();
    context.strokeStyle = "#fff";
    context.lineWidth = 1;
    context.stroke();
  }
}

function drawArrow(context, shape, color, place) {
  if (shape.xy.includes(NOWHERE)) return;
  const [start, end] = [placeOf(shape, 0, place), placeOf(shape, 1, place)];
  const angle = Math.atan2(end[1] - start[1], end[0] - start[0]);
  const headPx = Math.min(ARROW_PX, Math.hypot(end[0] - start[0], end[1] - start[1]) / 2);
  const wing = (turn) => [end[0] - headPx * Math.cos(angle + turn), end[1] - headPx * Math.sin(angle + turn)];
  context.beginPath();
  context.moveTo(...start);
  context.lineTo(...end);
  for (const turn of [Math.PI / 6, -Math.PI / 6]) {
    context.moveTo(...end);
    context.lineTo(...wing(turn));
  }
  context.lineCap = "round";
  for (const [style, width] of [["#fff", LINE_PX * 2 + 2], [color, LINE_PX * 2]]) {
    context.strokeStyle = style;
    context.lineWidth = width;
    context.stroke();
  }
  context.lineCap = "butt";
}

// `place` is that of the picture, in pixels of the canvas.
function placeOf({ xy }, at, place) {
  return [place.left + (xy[at * 2] / UNIT) * place.width, place.top + (xy[at * 2 + 1] / UNIT) * place.height];
}

function areaOf({ left, top, right, bottom }) {
  return (right - left) * (bottom - top);
}
