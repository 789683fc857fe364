// What pointers do on the picture: click a box or play, drag, wheel, pinch and double click to zoom.

const MAX_CLICK_PX = 4; // a longer move is a drag
const DOUBLE_CLICK_MS = 250;
const WHEEL_FACTOR = 0.0025;

export class Gestures {
  constructor(player) {
    this.player = player;
    this.zoom = player.stage.zoom;
    this.pointers = new Map(); // id -> place in the stage
    const { canvas } = player.stage.overlay;
    canvas.onpointerdown = (event) => this.press(event);
    canvas.onpointermove = (event) => this.move(event);
    canvas.onpointerup = canvas.onpointercancel = (event) => this.release(event);
    canvas.onpointerleave = () => player.drawing.point(null);
    canvas.onclick = (event) => this.click(event);
    canvas.ondblclick = (event) => this.doubleClick(event);
    player.stage.root.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
  }

  placeOf({ clientX, clientY }) {
    const { left, top } = this.player.stage.root.getBoundingClientRect();
    return [clientX - left, clientY - top];
  }

  press(event) {
    this.pointers.set(event.pointerId, this.placeOf(event));
    if (this.pointers.size === 1) this.isDrag = false;
    if (this.zoom.isZoomed || this.pointers.size > 1) event.currentTarget.setPointerCapture(event.pointerId);
    this.pressed = this.placeOf(event);
  }

  move(event) {
    const before = this.pointers.get(event.pointerId);
    const at = this.placeOf(event);
    if (!before) return this.player.drawing.point([event.clientX, event.clientY]);
    if (distance(at, this.pressed) > MAX_CLICK_PX) this.isDrag = true;
    if (!this.isDrag) return;
    if (this.pointers.size === 1) this.zoom.pan(at[0] - before[0], at[1] - before[1]);
    else this.pinch(event.pointerId, before, at);
    this.pointers.set(event.pointerId, at);
  }

  // One of two pointers has moved: the distance to the other one is the zoom.
  pinch(id, before, at) {
    const [, other] = [...this.pointers].find(([otherId]) => otherId !== id);
    this.zoom.pan((at[0] - before[0]) / 2, (at[1] - before[1]) / 2);
    const middle = [(at[0] + other[0]) / 2, (at[1] + other[1]) / 2];
    this.zoom.by(distance(at, other) / Math.max(distance(before, other), 1), middle);
  }

  release({ pointerId }) {
    this.pointers.delete(pointerId);
  }

  boxAt({ clientX, clientY }) {
    return this.player.stage.overlay.boxAt(clientX, clientY);
  }

  // A click on a box marks it; elsewhere it plays, unless a second click follows. While it plays, it pauses.
  click(event) {
    if (this.isDrag) return;
    const { playhead, drawing } = this.player;
    clearTimeout(this.starting);
    if (playhead.isPlaying) return playhead.pause();
    const box = this.boxAt(event);
    if (box >= 0) return drawing.select(box);
    if (drawing.selected >= 0) return drawing.select(-1);
    this.starting = setTimeout(() => playhead.play(), DOUBLE_CLICK_MS);
  }

  doubleClick(event) {
    clearTimeout(this.starting);
    if (this.zoom.isZoomed) this.zoom.reset();
    else this.zoom.by(2.5, this.placeOf(event));
  }

  // The page scrolls as long as nothing is zoomed, unless a key or two fingers say otherwise.
  wheel(event) {
    const isMeant = event.ctrlKey || event.metaKey || this.zoom.isZoomed || document.fullscreenElement;
    if (!isMeant || !this.player.data?.video) return;
    event.preventDefault();
    const px = event.deltaY * (event.deltaMode ? 20 : 1) * (event.ctrlKey ? 4 : 1);
    this.zoom.by(Math.exp(-px * WHEEL_FACTOR), this.placeOf(event));
  }

  close() {
    clearTimeout(this.starting);
  }
}

function distance([x1, y1], [x2, y2]) {
  return Math.hypot(x2 - x1, y2 - y1);
}
