// The filters of the view: classes, threshold and time range.

export class Filters {
  constructor(player) {
    this.player = player;
  }

  setVisible(names) {
    this.player.view.classes = names;
    this.apply();
    this.player.view.rest({ classes: names });
  }

  setThreshold(value, isAtRest = true) {
    this.player.view.confidence = value;
    this.apply(isAtRest);
    if (isAtRest) this.player.view.rest({ confidence: value });
  }

  moveThreshold(change) {
    const value = Math.round(Math.min(Math.max(this.player.view.confidence + change, 0), 1) * 100) / 100;
    this.player.classList.setThreshold(value);
    this.setThreshold(value);
  }

  setWindow(range) {
    const { view, timeline } = this.player;
    view.window = range;
    if (range) timeline.plot.zoom(range);
    view.rest({ window: range });
  }

  // The view has changed: draw chart and boxes; the exact frame when the change is at rest.
  apply(isAtRest = true) {
    const { times, chart, playhead, stage, drawing } = this.player;
    if (!times) return;
    chart.scheduleRestyle();
    drawing.forget();
    if (playhead.isPlaying) return drawing.draw();
    if (isAtRest) return playhead.rest({ commits: false });
    if (stage.isPlayable) stage.hideExact();
    drawing.draw();
  }
}
