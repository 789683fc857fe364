// A chart of several lines, with their key. A figure of Python names what each line is; colors come from here.

import { Chart } from "../../../web/charts.js";
import { element } from "../../../web/elements.js";

const DASHED = "labels";

export class Curves {
  constructor(label, { labels, plotly, onPick }) {
    Object.assign(this, { labels, plotly });
    this.chart = new Chart(label, onPick);
    this.root = this.chart.root;
    this.key = element("span", "", { class: "choices" });
  }

  set({ data, layout }, colors) {
    const traces = data.map((trace) => {
      const color = colors[trace.meta];
      const line = { width: 1.5, color, ...(trace.meta === DASHED ? { dash: "dot" } : {}) };
      return { ...trace, line, ...(trace.marker ? { marker: { ...trace.marker, color } } : {}) };
    });
    this.figure = { data: traces, layout: { height: 170, ...layout } };
    this.key.replaceChildren(
      ...data.map(({ meta }) => {
        const node = element("span", "", { class: meta === DASHED ? "key dashed" : "key" });
        const stroke = element("i", "", { "aria-hidden": "true" });
        stroke.style.setProperty("--color", colors[meta]);
        node.append(stroke, this.labels[meta]);
        return node;
      }),
    );
  }

  draw() {
    this.chart.show(this.figure, this.plotly);
  }

  close() {
    this.chart.close();
  }
}
