// The chart of the view on the timeline, which follows threshold, classes and its options without asking for a rerun.

import { Counts } from "../data/counts.js";
import { fetchPacked } from "../data/packed.js";
import { Peaks } from "../data/peaks.js";
import { Options } from "./options.js";
import { Timeline } from "./timeline.js";

const MAX_STEP = 100; // of the threshold

export class Chart {
  counts = null;
  meta = { kinds: {}, rare: [], buckets: [] };
  withCorrected = true; // counts corrected by an audit

  constructor(root, player, gestures) {
    this.player = player;
    this.root = root;
    const pictureOf = (seconds) => this.pictureOf(seconds);
    this.timeline = new Timeline(root.querySelector(".timeline"), { ...gestures, pictureOf, onFit: () => this.restyle() });
    this.options = new Options(root, root.querySelector("dialog.start-of-recording"), (change) => this.choose(change));
    this.failure = root.querySelector(".track .failure");
    this.failure.querySelector("button").onclick = () => {
      this.say("");
      this.draw();
    };
    this.peaks = new Peaks((peaks) => player.classList.setPeaks(peaks));
  }

  // Take over the figure of Python's data, which also has the options of the chart.
  read(data) {
    if (data.figure === this.text) return;
    this.text = data.figure;
    this.figure = JSON.parse(data.figure);
    this.meta = this.figure.layout.meta;
    this.bucketS = this.meta.bucket;
    this.hasCorrected = this.figure.data.some(({ meta }) => meta?.corrected !== undefined);
  }

  // Begin to load what is needed to draw; `draw` says where it fails.
  begin(data) {
    this.timeline.plot.load(data.plotly).catch(() => {});
    if (this.id !== data.id) this.counts = null;
    this.id = data.id;
    if (data.has_boxes) this.load().catch(() => {});
  }

  // Draw the figure, and load the counts that belong to its time range; say so where it fails.
  async draw(data = this.player.data) {
    const [width, height] = data.video?.size ?? [16, 9];
    this.root.style.setProperty("--aspect", width / height); // of the picture at the pointer
    try {
      await this.timeline.plot.load(data.plotly);
      if (this.player.data.id !== data.id) return;
      this.restyle();
      if (data.has_boxes) await this.load();
      this.say("");
    } catch (error) {
      if (this.player.data.id === data.id) this.say(error.message);
    }
  }

  say(text) {
    this.failure.hidden = !text;
    this.failure.querySelector("span").textContent = text;
  }

  // Load the counts, unless they are known or under way.
  load() {
    const { data, view } = this.player;
    const key = JSON.stringify([data.id, view.window, this.bucketS]);
    if (key !== this.loaded) {
      this.loaded = key;
      this.loading = this.fetch(key);
      this.loading.catch(() => (this.loaded = this.loaded === key ? null : this.loaded));
    }
    return this.loading;
  }

  async fetch(key) {
    const { data, view } = this.player;
    const { bucketS } = this;
    const query = (view.window ?? []).map((edge) => `window=${edge}`);
    if (bucketS) query.push(`bucket=${bucketS}`);
    const packed = await fetchPacked(`${data.view}counts?${query.join("&")}`);
    if (this.loaded !== key || this.player.data.id !== data.id) return;
    this.counts = new Counts(packed, data.classes.length, bucketS);
    if (this.player.times) this.restyle();
  }

  // The user has chosen another kind of chart, duration of a point, or axis.
  choose(change) {
    const { view, data } = this.player;
    if ("withCorrected" in change) {
      this.withCorrected = change.withCorrected;
      return this.restyle();
    }
    Object.assign(view, change);
    if ("bucket_s" in change && data.has_boxes) {
      this.bucketS = change.bucket_s;
      this.load().catch((error) => this.say(error.message));
    }
    if (!change.start) this.restyle();
    view.rest(change);
  }

  get kind() {
    const { meta, player, timeline } = this;
    const wanted = player.view.chart || (timeline.plot.isNarrow ? "heat" : "lines");
    return wanted in meta.kinds ? wanted : "lines";
  }

  // At most once for each picture of the screen.
  scheduleRestyle() {
    cancelAnimationFrame(this.scheduled);
    this.scheduled = requestAnimationFrame(() => this.restyle());
  }

  restyle() {
    const { counts, player, meta, kind, timeline } = this;
    if (!this.figure || !player.data) return;
    const { view, classList, thresholdStep: step } = player;
    const hasCounts = Boolean(counts?.boxes && player.data.has_boxes);
    const values = (code, shift) => (hasCounts ? counts.means(code, clamped(step + shift)) : null);
    const edges = hasCounts ? counts.edges : meta.edges;
    const withClock = Boolean(view.clock && meta.clock);
    const isBucketed = Boolean(hasCounts ? counts.bucketS : meta.bucket);
    const { withCorrected } = this;
    const shown = { kind, edges, isBucketed, withClock, withCorrected, hasCounts, values, isDrawn: (code) => classList.isDrawn(code) };
    timeline.show(this.figure, shown, { ...player.data, clock: withClock ? meta.clock : null });
    classList.setMeans(hasCounts ? (code) => counts.overall(code, step) : null, hasCounts ? (code) => values(code, 0) : null);
    if (player.data.has_boxes) this.peaks.want(player.data.view, view);
    const bucketS = player.data.has_boxes ? this.bucketS : view.bucket_s;
    this.options.showCorrected(this.hasCorrected && kind === "lines", withCorrected);
    this.options.show(meta, { kind, bucketS, withClock, isTyped: Boolean(view.start), words: this.words(withClock) });
  }

  // What a point, its color and the time mean.
  words(withClock) {
    const { meta, counts, kind, timeline } = this;
    const label = meta.buckets.find(([size]) => size === this.bucketS)?.[1];
    const most = counts?.longest ?? 1;
    return [
      label ? `Mean of the analyzed frames in each ${label}.` : most > 1 && `Each point is the mean of up to ${most.toLocaleString("en-US")} frames.`,
      kind === "heat" && timeline.plot.isDrawn && `Color: 0 to ${Number(timeline.plot.highest.toPrecision(3))} per frame.`,
      withClock && meta.clock.source,
      kind === "lines" && this.hasCorrected && this.withCorrected && "Dashed, with a band: corrected by checked frames, and the 95 % interval.",
    ]
      .filter(Boolean)
      .join(" ");
  }

  // A small picture of the frame that a click would show.
  pictureOf(seconds) {
    const { times, data, view } = this.player;
    if (!times || !data.video) return null;
    const entry = times.entryNear(seconds);
    return times.isInFile(entry) ? `${data.view}frames/${entry}.jpg?${view.filter}&small` : null;
  }

  close() {
    cancelAnimationFrame(this.scheduled);
    this.peaks.close();
    this.timeline.close();
  }
}

function clamped(step) {
  return Math.min(Math.max(step, 0), MAX_STEP);
}
