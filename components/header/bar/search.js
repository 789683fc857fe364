// The search dialog: a field and a list; arrows choose, Enter opens.

const SEARCH_DELAY_MS = 120;

class Search {
  constructor(dialog) {
    this.dialog = dialog;
    this.field = dialog.querySelector("input");
    this.list = dialog.querySelector("[role=listbox]");
    this.found = [];
    this.at = 0;
    this.field.oninput = () => this.ask();
    this.field.onkeydown = (event) => this.press(event);
    dialog.onclick = ({ target }) => target === dialog && dialog.close(); // the backdrop
  }

  open() {
    if (this.dialog.open) return;
    this.field.value = "";
    this.isWaiting = false;
    this.show(null, []);
    this.dialog.showModal();
    this.send("search", "");
  }

  ask() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.send("search", this.field.value.trim()), SEARCH_DELAY_MS);
  }

  // Results of an earlier text are not shown.
  update(text, found) {
    if (text === null || (this.dialog.open && text !== this.field.value.trim())) return;
    this.show(text, found);
    if (this.isWaiting) this.choose(0);
  }

  show(text, found) {
    this.shown = text;
    this.found = found;
    this.at = 0;
    this.list.replaceChildren(...found.map((job, at) => this.option(job, at)));
    const count = found.length === 1 ? "1 job" : `${found.length} jobs`;
    this.dialog.querySelector("[role=status]").textContent = found.length ? `${count}. Enter opens.` : text === null ? "" : "No jobs match.";
    this.mark();
  }

  option(job, at) {
    const option = Object.assign(document.createElement("div"), { id: `found-${at}` });
    option.setAttribute("role", "option");
    const frame = part("span", "frame");
    if (job.thumbnail) frame.append(Object.assign(document.createElement("img"), { src: job.thumbnail, alt: "" }));
    const what = part("span", "what");
    what.append(part("b", "", job.name), part("span", "quiet", [job.model, job.created].filter(Boolean).join(" · ")));
    const badge = part("span", "badge", job.status);
    badge.dataset.color = job.color;
    option.append(frame, what, badge);
    option.onclick = () => this.choose(at);
    option.onpointermove = () => this.mark(at);
    return option;
  }

  mark(at = this.at) {
    this.at = at;
    [...this.list.children].forEach((option, each) => option.setAttribute("aria-selected", String(each === at)));
    if (this.found.length) this.field.setAttribute("aria-activedescendant", `found-${at}`);
    else this.field.removeAttribute("aria-activedescendant");
    this.list.children[at]?.scrollIntoView({ block: "nearest" });
  }

  press(event) {
    const last = this.found.length - 1;
    const next = { ArrowDown: Math.min(this.at + 1, last), ArrowUp: Math.max(this.at - 1, 0) }[event.key];
    if (next !== undefined) this.mark(next);
    if (event.key === "Enter") this.enter();
    if (next !== undefined || event.key === "Enter") event.preventDefault();
  }

  // The jobs of an earlier text may still be shown: then the first one of the new text is opened.
  enter() {
    if (this.shown === this.field.value.trim()) this.choose(this.at);
    else this.isWaiting = true;
  }

  choose(at) {
    this.isWaiting = false;
    const job = this.found[at];
    if (!job) return;
    this.dialog.close();
    this.send("open", job.id);
  }
}

function part(kind, className, text = "") {
  return Object.assign(document.createElement(kind), { className, textContent: text });
}
