// Draws boxes on the canvas above the picture.

import { drawAbove, drawBelow } from "./shapes.js";

const MAX_LABELED = 12; // in a crowd, labels appear when a box is pointed at
const LINE_PX = 2;
const DASH_PX = [6, 4];
const SHADE = "rgb(0 0 0 / 60%)";
const FONT = "600 12px system-ui, sans-serif";
const PAD_PX = 4;
const LABEL_PX = 18;

export class Overlay {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.drawn = [];
    this.place = { left: 0, top: 0, width: 0, height: 0 }; // of the picture, in pixels of the canvas
  }

  // `picture` and what `below` draws are drawn below the boxes; `highlighted` is the index of the box that is pointed at, -1 for none.
  draw(boxes, classes, { withBoxes, withLabels, withShapes, highlighted = -1, picture = null, below = null }) {
    this.fit();
    this.drawn = boxes;
    const { context } = this;
    const { place } = this;
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    if (!place.width) return;
    if (picture) context.drawImage(picture, place.left, place.top, place.width, place.height);
    const colorOf = ({ code }) => classes[code].color;
    if (withShapes) below?.(context, place);
    if (withShapes) drawBelow(context, boxes, colorOf, place);
    const isCrowd = boxes.length > MAX_LABELED;
    boxes.forEach((box, at) => {
      const isPointedAt = at === highlighted;
      if (!box.isPlaced || !(withBoxes || isPointedAt)) return;
      context.strokeStyle = colorOf(box);
      context.lineWidth = isPointedAt ? LINE_PX * 2 : LINE_PX;
      context.strokeRect(...rectangle(box, place));
    });
    if (withShapes) drawAbove(context, boxes, colorOf, place);
    boxes.forEach((box, at) => {
      const isDrawn = withBoxes || (withShapes && box.shape);
      const isLabeled = at === highlighted || (withLabels && isDrawn && !isCrowd);
      if (box.isPlaced && isLabeled) this.label(box, classes[box.code]);
    });
  }

  // Boxes of another model, above what is drawn already.
  drawDashed(boxes, classes) {
    const { context, place } = this;
    for (const box of boxes) {
      if (!box.isPlaced) continue;
      context.strokeStyle = SHADE; // so that it is seen on a line of the same color
      context.lineWidth = LINE_PX + 2;
      context.strokeRect(...rectangle(box, place));
      context.strokeStyle = classes[box.code].color;
      context.lineWidth = LINE_PX;
      context.setLineDash(DASH_PX);
      context.strokeRect(...rectangle(box, place));
      context.setLineDash([]);
    }
  }

  label(box, { name, color }) {
    const { context, place } = this;
    const [x, y] = rectangle(box, place);
    const text = `${name} ${box.confidence.toFixed(2)}`;
    context.font = FONT;
    const labelWidth = context.measureText(text).width + 2 * PAD_PX;
    const left = Math.max(Math.min(x, place.left + place.width - labelWidth), place.left);
    const top = y - place.top >= LABEL_PX ? y - LABEL_PX : Math.max(y, place.top);
    context.fillStyle = color;
    context.fillRect(left, top, labelWidth, LABEL_PX);
    context.fillStyle = textColorOn(color);
    context.textBaseline = "middle";
    context.fillText(text, left + PAD_PX, top + LABEL_PX / 2);
  }

  // The smallest box at this place, as an index; -1 if there is none.
  boxAt(x, y, boxes = this.drawn) {
    const { left, top } = this.canvas.getBoundingClientRect();
    const { place } = this;
    const [px, py] = [(x - left - place.left) / place.width, (y - top - place.top) / place.height];
    let found = -1;
    boxes.forEach((box, at) => {
      const isInside = box.isPlaced && px >= box.left && px <= box.right && py >= box.top && py <= box.bottom;
      if (isInside && (found < 0 || areaOf(box) < areaOf(boxes[found]))) found = at;
    });
    return found;
  }

  fit() {
    const { width, height } = this.canvas.getBoundingClientRect();
    const ratio = window.devicePixelRatio || 1;
    const size = [Math.round(width * ratio), Math.round(height * ratio)];
    if (this.canvas.width !== size[0] || this.canvas.height !== size[1]) {
      [this.canvas.width, this.canvas.height] = size;
    }
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
  }
}

function rectangle({ left, top, right, bottom }, place) {
  const [width, height] = [(right - left) * place.width, (bottom - top) * place.height];
  return [place.left + left * place.width, place.top + top * place.height, width, height];
}

function areaOf({ left, top, right, bottom }) {
  return (right - left) * (bottom - top);
}

// Black or white, by higher contrast: relative luminance as in WCAG 2.2.
export function textColorOn(color) {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const value = parseInt(color.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 ? "#000" : "#fff";
}
