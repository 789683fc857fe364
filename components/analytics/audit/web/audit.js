// The tab "Audit": a sample of frames is checked by eye, one key press each, and corrects the counts of the model.
// Frames and answers go over routes of ours; the script of the page does not run.

import { Checking } from "./checking.js";
import { fillModels } from "./models.js";
import { Requests } from "./requests.js";
import { element } from "../../../web/elements.js";
import { fillResults } from "./results.js";

const PLAYER = Symbol.for("frametally.player"); // see components/player/web/guests.js
const SIZES = [20, 40, 80];
const panels = new WeakMap();

export function mount(component) {
  const root = component.parentElement.querySelector(".audit");
  if (!panels.has(root)) panels.set(root, new Panel(root));
  panels.get(root).update(component);
  // Streamlit also calls this while the elements stay, for a call that newer data has overtaken.
  return () => {
    if (root.isConnected) return;
    panels.get(root)?.close();
    panels.delete(root);
  };
}

class Panel {
  report = null;
  models = element("section", "", { class: "models" });

  constructor(root) {
    this.root = root;
    const find = (selector) => root.querySelector(selector);
    [this.state, this.again, this.start, this.results] = [".state", ".again", ".start", ".results"].map(find);
    this.checking = new Checking(root, {
      onReport: (report) => this.show(report),
      onFailure: (error, retry) => this.fail(error, retry),
    });
    this.fillStart(find(".sizes"));
  }

  update(component) {
    const { data } = component;
    this.tellPage = () => component.setTriggerValue("checked", true);
    const isSame = this.data && ["url", "query", "can_check"].every((name) => this.data[name] === data[name]);
    const isOther = !this.data || this.data.url !== data.url || this.data.query !== data.query;
    this.data = data;
    if (isSame) return;
    if (isOther) {
      this.before = this.requests?.last;
      this.requests = new Requests(data);
    }
    this.load();
  }

  async load() {
    const { requests } = this;
    try {
      await this.before; // answers that are on their way
      const report = await requests.report();
      if (requests !== this.requests) return; // newer data came in between
      this.tell("");
      this.checking.open(requests, this.data);
      this.onPage = numbersOf(report);
      this.show(report);
    } catch (error) {
      if (requests === this.requests) this.fail(error, () => this.load());
    }
  }

  show(report) {
    this.report = report;
    this.root.removeAttribute("aria-busy");
    this.start.hidden = Boolean(report);
    this.results.hidden = !report;
    if (!report) {
      this.root.querySelector(".check").hidden = true;
      return;
    }
    this.checking.show(report);
    fillResults(this.results, report, this.data, {
      open: (entry) => this.checking.showEntry(entry),
      more: () => this.checking.extend(),
      use: (confidence) => this.use(confidence),
      isChecking: this.checking.isOpen,
    });
    this.results.append(this.models);
    this.compareModels(report);
    if (this.hasApplied && this.data.confidence === report.least_bias?.confidence) {
      this.hasApplied = false;
      this.results.querySelector(".bias")?.focus({ preventScroll: true });
    }
    if (!this.checking.isOpen && this.onPage !== numbersOf(report)) {
      this.onPage = numbersOf(report);
      this.tellPage(); // chart and totals show these numbers too
    }
  }

  // Asked for again when the numbers have changed, and nothing is being checked.
  async compareModels(report) {
    const { requests, data } = this;
    const key = `${requests.view}${numbersOf(report)}`;
    this.models.hidden = this.checking.isOpen || !report.checked || !this.models.childElementCount;
    if (this.checking.isOpen || !report.checked) return;
    if (key === this.compared) return;
    this.compared = key;
    try {
      const models = await requests.models();
      if (this.compared === key) fillModels(this.models, models, data);
    } catch {
      if (this.compared !== key) return;
      this.compared = null; // the numbers of this model stay; asked again with the next ones
      fillModels(this.models, [], data); // those of another view would be taken for its own
    }
  }

  // Apply a threshold to the view, as when it is dragged; what is said of it then gets the focus of its button.
  use(confidence) {
    this.hasApplied = true;
    globalThis[PLAYER]?.setConfidence(confidence);
  }

  fillStart(sizes) {
    this.start.querySelector(".why").textContent =
      "Check a small random sample of frames by eye: one key press for a frame that is right. The counts of all frames are then " +
      "corrected by what the model got wrong in the sample, with an interval that holds the true value in 95 % of all samples.";
    for (const planned of SIZES) {
      const button = element("button", `Check ${planned} frames`, { type: "button" });
      if (planned === SIZES[1]) button.classList.add("primary");
      button.onclick = () => this.begin(planned);
      sizes.append(button);
    }
  }

  async begin(planned) {
    const buttons = [...this.start.querySelectorAll("button")];
    buttons.forEach((button) => (button.disabled = true));
    this.tell("Choosing frames…");
    try {
      this.show(await this.requests.begin(planned));
      this.checking.focus();
      this.tell("");
    } catch (error) {
      this.fail(error, () => this.begin(planned));
    } finally {
      buttons.forEach((button) => (button.disabled = false));
    }
  }

  tell(text) {
    this.state.textContent = text;
    this.state.classList.remove("failed");
    this.again.hidden = true;
    const { can_check: canCheck, advice } = this.data;
    this.start.querySelector(".sizes").hidden = !canCheck;
    this.start.querySelector(".advice").textContent = advice;
  }

  fail(error, retry) {
    this.root.removeAttribute("aria-busy");
    this.tell(error.message);
    this.state.classList.add("failed");
    this.again.hidden = false;
    this.again.onclick = () => {
      this.tell("");
      retry();
    };
  }

  close() {
    this.checking.close();
  }
}

function numbersOf(report) {
  return JSON.stringify(report?.rows ?? null);
}
