// The chart over time: a figure from Python, drawn by plotly.js, whose lines follow the threshold and the classes.

const loading = (window.frametallyPlotly ??= new Map()); // address -> promise

export class Plot {
  constructor(root) {
    this.root = root;
    this.figure = null;
    this.isDrawn = false;
    this.isClosed = false;
  }

  // Draw a figure, given as JSON. Returns whether it is still the newest.
  async draw(figure, address) {
    this.figure = figure;
    const plotly = await loaded(address);
    if (this.figure !== figure || this.isClosed) return false;
    this.plotly = plotly;
    const { data, layout } = JSON.parse(figure);
    const isNarrow = this.root.clientWidth < 560;
    const margin = { ...layout.margin, t: 10, r: 14, ...(isNarrow ? { l: Math.min(layout.margin.l, 96) } : {}) };
    const height = layout.height - (layout.margin.t - 10) - (isNarrow ? 110 : 60);
    Object.assign(layout, { margin, height, showlegend: false, width: this.root.clientWidth, shapes: layout.shapes ?? [] });
    if (isNarrow) layout.yaxis.title = { text: "" };
    await this.run(() => plotly.react(this.root, data, layout, { staticPlot: true, responsive: false }));
    this.isDrawn = !this.isClosed;
    return this.isDrawn;
  }

  // Call plotly, which works asynchronously; `close` waits for it.
  run(act) {
    return (this.working = Promise.resolve(act()));
  }

  get data() {
    return this.root.data ?? [];
  }

  // Show the values and the visibility of each class.
  restyle(valuesOf, isVisible) {
    if (!this.isDrawn) return;
    const [lines, y, visible] = [[], [], []];
    this.data.forEach((trace, at) => {
      const code = trace.meta?.code;
      if (code === undefined) return;
      lines.push(at);
      y.push(valuesOf?.(code) ?? trace.y);
      visible.push(isVisible(code) && !(trace.meta.isBand && valuesOf));
    });
    if (lines.length) this.run(() => this.plotly.restyle(this.root, { y, visible }, lines));
    const strip = this.data.findIndex((trace) => trace.meta?.codes);
    if (strip < 0 || !valuesOf) return;
    const z = [this.data[strip].meta.codes.map(valuesOf)];
    this.run(() => this.plotly.restyle(this.root, { z }, [strip]));
  }

  resize() {
    if (this.isDrawn) this.run(() => this.plotly.relayout(this.root, { width: this.root.clientWidth }));
  }

  zoom(range) {
    if (this.isDrawn) this.run(() => this.plotly.relayout(this.root, { "xaxis.range": range }));
  }

  // Place of the plot in pixels of the root: left, width, top and height; with the strip below it.
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
    const promise = new Promise((resolve, reject) => {
      const script = Object.assign(document.createElement("script"), { src: address });
      script.onload = () => resolve(window.Plotly);
      script.onerror = () => {
        loading.delete(address);
        script.remove();
        reject(new Error("The chart could not be loaded. Reload the page."));
      };
      document.head.append(script);
    });
    loading.set(address, promise);
  }
  return loading.get(address);
}
