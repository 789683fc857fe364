// Charts of tabs over time: figures from Python, drawn by the plotly.js that the player has loaded.

const GRID = "rgba(128, 128, 128, 0.25)";

// A place for a chart; `onPick(seconds)` is called with the time that is clicked.
export class Chart {
  constructor(label, onPick) {
    this.root = Object.assign(document.createElement("div"), { className: "chart" });
    this.root.setAttribute("role", "img");
    this.root.setAttribute("aria-label", label);
    if (onPick) this.root.onclick = (event) => this.pick(event, onPick);
    this.root.classList.toggle("picks", Boolean(onPick));
    this.fitting = new ResizeObserver(() => this.draw());
    this.fitting.observe(this.root);
  }

  async show(figure, address) {
    this.figure = figure;
    this.plotly ??= (await window.frametallyPlotly?.get(address)) ?? window.Plotly;
    if (this.figure === figure) this.draw();
  }

  draw() {
    const { root, figure, plotly } = this;
    if (!figure || !plotly || !root.clientWidth || !root.isConnected) return;
    const key = `${root.clientWidth} ${getComputedStyle(root).color}`;
    if (this.drawn === figure && this.key === key) return;
    Object.assign(this, { drawn: figure, key });
    const axis = { gridcolor: GRID, zerolinecolor: GRID, automargin: true };
    const { layout } = figure;
    const shown = {
      height: 150, margin: { l: 34, r: 8, t: 6, b: 26 }, paper_bgcolor: "transparent", plot_bgcolor: "transparent",
      showlegend: false, bargap: 0.08, ...layout, width: root.clientWidth,
      font: { size: 11, color: getComputedStyle(root).color, family: getComputedStyle(root).fontFamily },
      xaxis: { ...axis, ...layout.xaxis }, yaxis: { ...axis, rangemode: "tozero", ...layout.yaxis },
    };
    plotly.react(root, figure.data, shown, { staticPlot: true, responsive: false });
  }

  pick({ clientX }, onPick) {
    const { xaxis } = this.root._fullLayout ?? {};
    if (!xaxis) return;
    const seconds = xaxis.p2l(clientX - this.root.getBoundingClientRect().left - xaxis._offset);
    onPick(Math.max(seconds, 0));
  }

  close() {
    this.fitting.disconnect();
    if (this.drawn) this.plotly.purge(this.root);
  }
}
