// What is drawn on the picture: the boxes of the frame that is visible, filtered and marked.

export class Drawing {
  switches = { withBoxes: true, withLabels: true };
  highlighted = -1; // index of the box that is pointed at

  constructor(player) {
    this.player = player;
    const { overlay } = player.stage;
    player.stage.onResize = () => this.draw();
    overlay.canvas.onclick = () => player.playhead.toggle();
    overlay.canvas.onpointermove = ({ clientX, clientY }) => this.highlight(overlay.boxAt(clientX, clientY));
    overlay.canvas.onpointerleave = () => this.highlight(-1);
  }

  // Draw the boxes of the frame that is visible; over an exact picture, only the box that is pointed at.
  draw() {
    const { times, stage, playhead, classList, root, status, detections } = this.player;
    if (!times) return;
    const isExact = !stage.picture.hidden;
    const entry = isExact ? playhead.entry : times.entryAt(stage.frame);
    const boxes = this.boxesAt(entry) ?? [];
    const { withBoxes, withLabels } = this.switches;
    const draws = !isExact || this.isPlain;
    stage.overlay.draw(boxes, classList.classes, {
      withBoxes: withBoxes && draws,
      withLabels,
      highlighted: this.highlighted,
      picture: isExact ? null : stage.taken,
    });
    root.dataset.frame = stage.frame;
    root.dataset.overlay = draws ? entry : "";
    if (!isExact && (playhead.isPlaying || playhead.isScrubbing)) status.playing(times, stage.frame, entry);
    if (!playhead.isPlaying) detections.show(boxes, classList.classes);
  }

  // The boxes that are displayed for an entry; null while they load, none where it was not analyzed.
  boxesAt(entry) {
    const { boxes, times, thresholdStep, isVisible } = this.player;
    if (!boxes || entry < 0 || !times.isAnalyzed(entry)) return [];
    return boxes.at(entry, thresholdStep, isVisible);
  }

  // Whether exact pictures come without detections, because not everything is switched on.
  get isPlain() {
    return !(this.switches.withBoxes && this.switches.withLabels);
  }

  addressOf(entry) {
    const { data, view } = this.player;
    return `${data.view}frames/${entry}.jpg?${this.isPlain ? "plain" : view.filter}`;
  }

  highlight(at) {
    if (at === this.highlighted || this.player.playhead.isPlaying) return;
    this.highlighted = at;
    this.player.detections.mark(at);
    this.draw();
  }

  switch(change) {
    const { controls, playhead, times } = this.player;
    Object.assign(this.switches, change);
    controls.press("boxes", this.switches.withBoxes);
    controls.press("labels", this.switches.withLabels);
    if (playhead.isPlaying) this.draw();
    else if (times) playhead.rest({ commits: false });
  }
}
