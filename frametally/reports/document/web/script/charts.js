// The charts, drawn by plotly with the colors of the theme.
import { Hover } from "./hover.js";

const PAPER = { text: "#4c5a56", grid: "#dde4e2", accent: "#0b6e5f" };
const PAPER_PX = { width: 680, height: 244, several: 176, small: 150 };
const CONFIG = { staticPlot: true, responsive: true };

function themeColors() {
  const style = getComputedStyle(document.documentElement);
  const of = (name) => style.getPropertyValue(`--${name}`).trim();
  return { text: of("muted"), grid: of("grid"), accent: of("accent") };
}

function stackedTrace(line, edges) {
  const widths = line.x.map((_, at) => edges[at + 1] - edges[at]);
  const { name, x, y, meta, visible } = line;
  const offset = line.x.map((start, at) => edges[at] - start);
  return { type: "bar", name, x, y, width: widths, offset, meta, visible, marker: { color: line.line.color } };
}

export class Charts {
  constructor(plotly, data, counts, view, evidence) {
    Object.assign(this, { plotly, data, counts, view, evidence, colors: themeColors() });
    this.plots = [...document.querySelectorAll(".plot")].map((element) => ({ element, ...this.chartOf(element) }));
    this.isSeveral = this.plots.filter((plot) => !plot.isSmall).length > 1;
    addEventListener("beforeprint", () => this.draw(PAPER));
    addEventListener("afterprint", () => this.draw());
  }

  chartOf({ dataset }) {
    if (dataset.region !== undefined) return { chart: this.data.regions[Number(dataset.region)], isSmall: true };
    const side = Number(dataset.side);
    return { chart: this.data.sides[side].charts[Number(dataset.chart)], side };
  }

  // paper: the colors for printing.
  draw(paper = null) {
    this.colors = paper ?? themeColors();
    for (const plot of this.plots) {
      const height = plot.isSmall ? PAPER_PX.small : this.isSeveral ? PAPER_PX.several : PAPER_PX.height;
      plot.element.style.height = paper ? `${height}px` : "";
      const size = paper ? { width: plot.isSmall ? PAPER_PX.width - 40 : PAPER_PX.width, height, autosize: false } : { autosize: true };
      plot.traces = this.traces(plot);
      plot.margin = this.margin(plot, Boolean(paper));
      this.plotly.react(plot.element, plot.traces, { ...this.layout(plot, Boolean(paper)), ...size }, CONFIG);
      if (!plot.hover && !plot.isSmall) this.hear(plot);
    }
  }

  hear(plot) {
    const { element } = plot;
    plot.hover = new Hover(element);
    element.addEventListener("pointermove", (event) => this.hover(plot, event));
    element.addEventListener("pointerleave", () => plot.hover.hide());
    element.addEventListener("click", (event) => {
      this.hover(plot, event);
      const at = this.pointAt(plot, event);
      if (at >= 0) this.evidence.showNearest(this.timesOf(plot)[at]);
    });
  }

  timesOf({ traces }) {
    return traces.find((trace) => trace.meta?.code !== undefined)?.x ?? [];
  }

  // Index of the point nearest to the pointer; -1 without points.
  pointAt(plot, event) {
    const { left } = plot.element.getBoundingClientRect();
    const [first, last] = plot.chart.figure.layout.xaxis.range;
    const width = plot.element.clientWidth - plot.margin.l - plot.margin.r;
    const time = first + ((event.clientX - left - plot.margin.l) / width) * (last - first);
    let best = -1;
    this.timesOf(plot).forEach((x, at, times) => {
      if (best < 0 || Math.abs(x - time) < Math.abs(times[best] - time)) best = at;
    });
    return best;
  }

  hover(plot, event) {
    const at = this.pointAt(plot, event);
    if (at < 0) return;
    const lines = plot.traces.filter((trace) => trace.meta?.code !== undefined && trace.visible !== false);
    const rows = lines.map((trace) => [trace.name, (trace.line ?? trace.marker).color, trace.y[at]]);
    rows.sort((one, two) => (two[2] ?? -1) - (one[2] ?? -1));
    const time = this.timesOf(plot)[at];
    const [first, last] = plot.chart.figure.layout.xaxis.range;
    const width = plot.element.clientWidth - plot.margin.l - plot.margin.r;
    plot.hover.show(plot.margin.l + ((time - first) / (last - first)) * width, time, rows);
  }

  margin({ element, isSmall }, isPaper) {
    const isNarrow = !isPaper && element.clientWidth < 480;
    return isSmall ? { l: 34, r: 8, t: 8, b: 26 } : { l: isNarrow ? 30 : 52, r: 14, t: 22, b: 30 };
  }

  markCurrent() {
    for (const { element, isSmall } of this.plots) {
      if (!isSmall) this.plotly.relayout(element, { shapes: this.shapes() });
    }
  }

  traces({ chart, side, isSmall }) {
    const traces = chart.figure.data.map((trace) => ({ ...trace }));
    if (isSmall) return traces;
    for (const trace of traces) {
      const { code, corrected } = trace.meta ?? {};
      if (corrected !== undefined) {
        const { name } = this.data.sides[side].classes[corrected];
        trace.visible = this.view.kind !== "stacked" && !this.view.hidden.has(name);
      }
      if (code === undefined || !chart.is_of_counts) continue;
      const row = this.data.sides[side].classes[code];
      trace.visible = !this.view.hidden.has(row.name);
      if (this.view.step !== null) trace.y = this.counts[side].values(this.view.step, code);
    }
    const isStacked = chart.is_of_counts && this.view.kind === "stacked";
    const shown = isStacked ? traces.map((trace) => (trace.meta?.code === undefined ? trace : stackedTrace(trace, chart.figure.layout.meta.edges))) : traces;
    return [...shown, this.markers()];
  }

  markers() {
    const times = this.data.evidence.map((frame) => frame.time_s);
    return {
      type: "scatter", mode: "markers", x: times, y: times.map(() => 1), yaxis: "y9", cliponaxis: false, hoverinfo: "skip",
      marker: { symbol: "triangle-down", size: 10, color: this.colors.accent },
    };
  }

  shapes() {
    const time = this.evidence.time;
    if (time === null) return [];
    return [{ type: "line", x0: time, x1: time, y0: 0, y1: 1, yref: "paper", line: { color: this.colors.accent, width: 1.5, dash: "dot" } }];
  }

  layout({ chart, element, isSmall }, isPaper) {
    const { text, grid } = this.colors;
    const own = chart.figure.layout;
    const axis = { gridcolor: grid, zerolinecolor: grid, linecolor: grid, ticks: "", automargin: false };
    const isNarrow = !isPaper && element.clientWidth < 480;
    const title = isNarrow || isSmall ? {} : { title: { ...own.yaxis.title, standoff: 8 } };
    const xaxis = { ...axis, ...own.xaxis, showgrid: false, zeroline: false, fixedrange: true };
    if (isNarrow && xaxis.tickvals?.length > 5) {
      xaxis.tickvals = xaxis.tickvals.filter((_, at) => at % 2 === 0);
      xaxis.ticktext = xaxis.ticktext.filter((_, at) => at % 2 === 0);
    }
    return {
      ...own,
      barmode: isSmall ? own.barmode : "stack",
      bargap: 0,
      xaxis,
      yaxis: { ...axis, ...own.yaxis, title: undefined, ...title, fixedrange: true },
      font: { family: getComputedStyle(document.body).fontFamily, size: 12, color: text },
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      margin: this.margin({ element, isSmall }, isPaper),
      showlegend: false,
      shapes: isSmall ? own.shapes : this.shapes(),
      height: element.clientHeight || undefined,
    };
  }
}
