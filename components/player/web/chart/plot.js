// The chart over time: a figure from Python, drawn by plotly.js, which follows the threshold and the classes.

import { changes, compose, isEqual, saidOfCorrected, structureOf } from "./figure.js";
import { Unreachable, retried } from "../data/requests.js";
import { upperBound } from "../data/times.js";

const loading = (window.frametallyPlotly ??= new Map()); // address -> promise
const NARROW_PX = 560;

export class Plot {
  constructor(root) {
    this.root = root;
    this.figure = null;
    this.revision = 0;
    this.isDrawn = false;
    this.isClosed = false;
  }

  get isNarrow() {
    return this.root.clientWidth < NARROW_PX;
  }

  async load(address) {
    this.plotly ??= await loaded(address);
  }

  // Draw the figure as `shown` says (see `compose`): all of it if it is another chart than before, else its values.
  show(figure, shown) {
    if (!this.plotly || this.isClosed || !figure || !this.root.clientWidth) return;
    const now = { ...shown, isNarrow: this.isNarrow, width: this.root.clientWidth };
    const structure = structureOf(figure, now);
    if (this.figure === figure && this.structure === structure && isEqual(this.shown.edges, now.edges)) {
      this.shown = now;
      return this.change(figure, now);
    }
    const { data, layout } = compose(figure, now);
    layout.datarevision = this.revision += 1; // else plotly takes arrays for unchanged
    this.run(() => this.plotly.react(this.root, data, layout, { staticPlot: true, responsive: false }));
    Object.assign(this, { figure, structure, shown: now, isDrawn: true }); // not if it has failed
  }

  change(figure, shown) {
    const { at, values } = changes(this.root.data, figure, shown);
    if (at.length) this.run(() => this.plotly.restyle(this.root, values, at));
  }

  // Call plotly, which works asynchronously; `close` waits for it.
  run(act) {
    return (this.working = Promise.resolve(act()));
  }

  // The value of a class at a time: that of its point, or of the nearest one where points are joined; null if unknown.
  valueAt(code, seconds) {
    const { edges, values } = this.shown;
    const own = this.figure.data.find((trace) => trace.meta?.code === code && !trace.meta.isBand);
    const found = values(code, 0) ?? own?.y ?? [];
    const at = Math.min(Math.max(upperBound(edges, seconds) - 1, 0), found.length - 1);
    const isNextNearer = own?.line?.shape !== "hv" && edges[at + 1] - seconds < seconds - edges[at];
    return found[isNextNearer && at + 1 < found.length ? at + 1 : at] ?? null;
  }

  // What is said of the corrected count of a class at a time; null if it is not shown.
  correctedAt(code, seconds) {
    const { kind, withCorrected } = this.shown;
    return kind === "lines" && withCorrected ? saidOfCorrected(this.figure, code, seconds) : null;
  }

  // The highest value of the rows of colors.
  get highest() {
    const trace = this.root.data?.find(({ type }) => type === "heatmap");
    return (trace?.z ?? []).flat().reduce((most, value) => Math.max(most, value ?? 0), 0);
  }

  zoom(range) {
    if (this.isDrawn) this.run(() => this.plotly.relayout(this.root, { "xaxis.range": range }));
  }

  // Place of the plot in pixels of the root: left, width, top and height.
  get area() {
    const { xaxis, _size } = this.root._fullLayout;
    return { left: xaxis._offset, width: xaxis._length, top: _size.t, height: _size.h };
  }

  get range() {
    return this.root._fullLayout.xaxis.range.map(Number);
  }

  xOf(seconds) {
    const { xaxis } = this.root._fullLayout;
    return xaxis._offset + xaxis.l2p(seconds);
  }

  secondsAt(x) {
    const { xaxis } = this.root._fullLayout;
    return xaxis.p2l(x - xaxis._offset);
  }

  close() {
    this.isClosed = true;
    this.isDrawn = false;
    this.working?.finally(() => this.plotly.purge(this.root));
  }
}

// plotly.js as a classic script: the file of the Python package is no module.
function loaded(address) {
  if (!loading.has(address)) {
    const promise = retried(() => inserted(address));
    promise.catch(() => loading.delete(address));
    loading.set(address, promise);
  }
  return loading.get(address);
}

function inserted(address) {
  return new Promise((resolve, reject) => {
    // components/server/web/start.js may have begun it.
    const begun = document.querySelector(`script[src="${address}"]`);
    if (begun && window.Plotly) return resolve(window.Plotly);
    const script = begun ?? Object.assign(document.createElement("script"), { src: address });
    script.addEventListener("load", () => resolve(window.Plotly));
    script.addEventListener("error", () => {
      script.remove();
      reject(new Unreachable("The chart could not be loaded."));
    });
    if (!begun) document.head.append(script);
  });
}
