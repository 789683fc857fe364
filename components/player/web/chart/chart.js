// The chart of the view on the timeline, which follows threshold and classes without asking the server.

import { Counts } from "../data/counts.js";
import { fetchPacked } from "../data/packed.js";
import { Timeline } from "./timeline.js";

export class Chart {
  counts = null;

  constructor(root, player, gestures) {
    this.player = player;
    this.timeline = new Timeline(root, gestures);
  }

  // Draw the figure of Python's data, and load the counts that belong to its time range.
  async draw(data, isNew) {
    if (isNew) this.counts = null;
    if (data.figure !== this.figure || isNew) {
      this.figure = data.figure;
      await this.timeline.draw(data.figure, data.plotly, data.classes);
    }
    if (data.has_boxes) await this.load(data, isNew);
    this.restyle();
  }

  async load(data, isNew) {
    const window = JSON.stringify(data.state.window);
    if (!isNew && window === this.window) return;
    this.window = window;
    const query = (data.state.window ?? []).map((edge) => `window=${edge}`).join("&");
    const packed = await fetchPacked(`${data.view}counts?${query}`);
    if (this.window === window && this.player.data.id === data.id) this.counts = new Counts(packed, data.classes.length);
  }

  // At most once for each picture of the screen.
  scheduleRestyle() {
    cancelAnimationFrame(this.scheduled);
    this.scheduled = requestAnimationFrame(() => this.restyle());
  }

  restyle() {
    const { counts, player } = this;
    const step = player.thresholdStep;
    const hasCounts = counts?.boxes && player.data.has_boxes;
    this.timeline.plot.restyle(hasCounts ? (code) => counts.means(code, step) : null, player.isVisible);
    player.classList.setMeans(hasCounts ? (code) => counts.overall(code, step) : null);
  }

  close() {
    cancelAnimationFrame(this.scheduled);
    this.timeline.close();
  }
}
