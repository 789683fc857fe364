// What is drawn on the picture: the boxes of the frame that is visible, filtered and marked.

import { MaskPainter } from "./mask.js";

export class Drawing {
  switches = { boxes: true, labels: true, shapes: true };
  highlighted = -1; // index of the box that is pointed at
  selected = -1; // index of the box that was clicked
  pointer = null; // where the pointer is on the screen, if it is over the picture

  constructor(player) {
    this.player = player;
    this.painter = new MaskPainter();
    player.stage.onResize = () => this.draw();
  }

  // Draw the boxes of the frame that is visible; over an exact picture, only the box that is pointed at.
  draw() {
    const { times, stage, playhead, classList, root, status, detections, second } = this.player;
    if (!times) return;
    const isExact = !stage.picture.hidden;
    const entry = isExact ? playhead.entry : times.entryAt(stage.frame);
    const boxes = this.boxesAt(entry) ?? [];
    const draws = !isExact || this.isPlain;
    if (playhead.isPlaying) this.highlighted = this.pointer ? stage.overlay.boxAt(...this.pointer, boxes) : -1;
    stage.overlay.draw(boxes, classList.classes, {
      withBoxes: this.switches.boxes && draws,
      withShapes: this.switches.shapes && draws,
      withLabels: this.switches.labels && draws,
      highlighted: this.marked,
      picture: isExact ? null : stage.taken,
      below: (context, place) => this.drawMask(context, place, entry),
    });
    second.draw(entry, isExact, this.switches);
    root.dataset.frame = stage.frame;
    root.dataset.overlay = draws ? entry : "";
    if (!isExact && (playhead.isPlaying || playhead.isScrubbing)) status.playing(times, stage.frame, entry);
    if (!playhead.isPlaying) detections.show(boxes, classList.classes);
  }

  drawMask(context, place, entry) {
    const { masks, times, classList, isVisible } = this.player;
    const stretch = masks && entry >= 0 && times.isAnalyzed(entry) && masks.stretchOf(entry);
    if (stretch) this.painter.paint(context, place, stretch, entry, classList.classes, isVisible);
  }

  // The boxes that are displayed for an entry; null while they load, none where it was not analyzed.
  boxesAt(entry) {
    const { boxes, times, thresholdStep, isVisible } = this.player;
    if (!boxes || entry < 0 || !times.isAnalyzed(entry)) return [];
    return boxes.at(entry, thresholdStep, isVisible);
  }

  // Whether exact pictures come without detections, because not everything is switched on.
  get isPlain() {
    return !Object.values(this.switches).every(Boolean);
  }

  addressOf(entry) {
    const { data, view } = this.player;
    return `${data.view}frames/${entry}.jpg?${this.isPlain ? "plain" : view.filter}`;
  }

  point(pointer) {
    this.pointer = pointer;
    this.highlight(pointer ? this.player.stage.overlay.boxAt(...pointer) : -1);
  }

  highlight(at) {
    if (at === this.highlighted || this.player.playhead.isPlaying) return;
    this.highlighted = at;
    this.player.detections.mark(this.marked);
    this.draw();
  }

  get marked() {
    return this.highlighted >= 0 ? this.highlighted : this.selected;
  }

  // Mark a box and its row until another one is chosen; -1 for none. Choosing it again zooms to it.
  select(at) {
    const { detections, stage, playhead } = this.player;
    if (playhead.isPlaying) return;
    const box = stage.overlay.drawn[at];
    if (at >= 0 && at === this.selected && box?.isPlaced) stage.zoom.to(box);
    this.selected = at;
    detections.mark(this.marked);
    detections.choose(at);
    this.draw();
  }

  // Another frame or another filter: the numbers of the boxes are other ones.
  forget() {
    this.highlighted = this.selected = -1;
    this.player.detections.choose(-1);
  }

  switch(name) {
    const { controls, playhead, times } = this.player;
    this.switches[name] = !this.switches[name];
    controls.press(name, this.switches[name]);
    if (playhead.isPlaying) this.draw();
    else if (times) playhead.rest({ commits: false });
  }
}
