// Which part of the picture the stage shows: zoomed around a point, and moved.

const MAX_SCALE = 12;
const STEP = 1.5;
const MOVE_SHARE = 0.15; // of the stage
const BOX_SHARE = 0.5; // of the stage that a box fills

export class Zoom {
  scale = 1;
  x = 0; // where the left upper corner of the stage's content is, in pixels
  y = 0;

  // `stage` has the size of its content that is not zoomed (`fitted`), `onChange` is called when something moves.
  constructor(stage, onChange) {
    this.stage = stage;
    this.onChange = onChange;
  }

  get isZoomed() {
    return this.scale > 1;
  }

  // Place of the picture in pixels of the stage.
  get place() {
    const { left, top, width, height } = this.stage.fitted;
    const { scale, x, y } = this;
    return { left: x + left * scale, top: y + top * scale, width: width * scale, height: height * scale };
  }

  get transform() {
    return this.isZoomed ? `translate(${this.x}px, ${this.y}px) scale(${this.scale})` : "";
  }

  // Zoom by a factor; the point of the stage stays where it is, by default its middle.
  by(factor, [x, y] = this.middle) {
    const scale = Math.min(Math.max(this.scale * factor, 1), MAX_SCALE);
    const change = scale / this.scale;
    this.set(scale, x - (x - this.x) * change, y - (y - this.y) * change);
  }

  step(way, point) {
    this.by(way > 0 ? STEP : 1 / STEP, point);
  }

  pan(dx, dy) {
    this.set(this.scale, this.x + dx, this.y + dy);
  }

  // Look further to the right or down, by shares of the stage.
  look(right, down) {
    const { clientWidth, clientHeight } = this.stage.root;
    this.pan(-right * MOVE_SHARE * clientWidth, -down * MOVE_SHARE * clientHeight);
  }

  reset() {
    this.set(1, 0, 0);
  }

  // Zoom so that a box, in shares of the picture, is in the middle.
  to({ left, top, right, bottom }) {
    const { fitted, root } = this.stage;
    const { clientWidth, clientHeight } = root;
    const [width, height] = [(right - left) * fitted.width, (bottom - top) * fitted.height];
    const fits = Math.min(clientWidth / width, clientHeight / height) * BOX_SHARE;
    const scale = Math.min(Math.max(fits, 1), MAX_SCALE);
    const [x, y] = [fitted.left + ((left + right) / 2) * fitted.width, fitted.top + ((top + bottom) / 2) * fitted.height];
    this.set(scale, clientWidth / 2 - x * scale, clientHeight / 2 - y * scale);
  }

  get middle() {
    return [this.stage.root.clientWidth / 2, this.stage.root.clientHeight / 2];
  }

  set(scale, x, y) {
    const { clientWidth, clientHeight } = this.stage.root;
    const { left, top, width, height } = this.stage.fitted;
    this.scale = scale;
    this.x = within(x, left * scale, width * scale, clientWidth);
    this.y = within(y, top * scale, height * scale, clientHeight);
    if (!this.isZoomed) this.x = this.y = 0;
    this.onChange();
  }
}

// The move for which content that begins at `start` fills the stage, or is in its middle if it is smaller.
function within(move, start, size, available) {
  if (size <= available) return (available - size) / 2 - start;
  return Math.min(Math.max(move, available - size - start), -start);
}
