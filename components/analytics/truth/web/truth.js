// The tab "Ground truth": a file with labels, and how far the view is from it.
// The file goes to a route of ours, which answers with the comparison; the script of the page does not run.

import { answered } from "../../../web/requests.js";
import { Choosing } from "./choosing.js";
import { Report } from "./report.js";

const PLAYER = Symbol.for("frametally.player");
const panels = new WeakMap();

export function mount(component) {
  const root = component.parentElement.querySelector(".truth");
  if (!panels.has(root)) panels.set(root, new Panel(root));
  panels.get(root).update(component.data);
  // Streamlit also calls this while the elements stay, for a call that newer data has overtaken.
  return () => {
    if (root.isConnected) return;
    panels.get(root)?.close();
    panels.delete(root);
  };
}

class Panel {
  constructor(root) {
    this.root = root;
    const find = (selector) => root.querySelector(selector);
    [this.state, this.again, this.start] = [".state", ".again", ".start"].map(find);
    this.choosing = new Choosing(root, {
      onFile: (file, query) => this.ask({ method: "POST", body: file }, { name: file.name, ...query }, "Reading the labels…"),
      onAdopt: (job) => this.ask({ method: "POST" }, { job }),
      onRemove: () => this.ask({ method: "DELETE" }),
    });
    this.report = new Report(find(".report"), { onSeek: (entry) => globalThis[PLAYER]?.show(entry) });
  }

  update(data) {
    const isSame = this.data && keyOf(this.data) === keyOf(data);
    this.data = data;
    this.root.querySelector(".advice").textContent = data.advice;
    if (!isSame) this.ask();
  }

  // The newest request wins; one that sends a file is not given up for a view that changes while it runs.
  async ask(options = {}, query = {}, doing = "") {
    const { url } = this.data;
    const address = new URL(`${url}truth?${this.data.query}`, document.baseURI);
    for (const [name, value] of Object.entries(query)) if (value !== "") address.searchParams.set(name, value);
    const asked = (this.asked = {});
    this.root.setAttribute("aria-busy", "true");
    if (doing) this.tell(doing);
    try {
      const answer = await answered(address.href, options);
      if (asked === this.asked) this.show(answer);
      else if (options.method && url === this.data.url) this.ask(); // what was asked in between may be older
    } catch (error) {
      if (asked === this.asked) this.fail(error, options.method ? null : () => this.ask());
    }
  }

  show(answer) {
    const { file, failure } = answer;
    this.root.removeAttribute("aria-busy");
    this.tell(failure);
    this.state.classList.toggle("failed", Boolean(failure));
    this.start.hidden = Boolean(file);
    this.choosing.show(file, this.data);
    this.report.show(answer, this.data);
  }

  tell(text) {
    this.state.textContent = text;
    this.state.classList.remove("failed");
    this.again.hidden = true;
  }

  // What was there before stays; only questions can be asked again.
  fail(error, retry) {
    this.root.removeAttribute("aria-busy");
    this.tell(error.message);
    this.state.classList.add("failed");
    this.again.hidden = !retry;
    this.again.onclick = () => {
      this.tell("");
      retry();
    };
  }

  close() {
    this.asked = null;
    this.report.close();
  }
}

function keyOf({ url, query, can_set: canSet, others }) {
  return JSON.stringify([url, query, canSet, others]);
}
