// One row: its elements are created once, and only what has changed is written.

class JobRow {
  constructor(template, table) {
    this.table = table;
    this.element = template.content.firstElementChild.cloneNode(true);
    this.find = (selector) => this.element.querySelector(selector);
    this.isOpen = false;
    this.find(".next").onclick = () => this.act(this.job.actions[0]);
    this.find(".more").onclick = () => table.menu.open(this.find(".more"), this.job.name, this.entries());
    this.find(".problem").onclick = () => this.toggle();
    this.find("input").onchange = () => table.select();
    this.find("img").onload = ({ target }) => (target.hidden = false);
    this.find("img").onerror = ({ target }) => (target.hidden = true); // the icon behind it is seen
  }

  update(job, selected) {
    const isSelecting = selected !== null;
    if (isSelecting) this.find("input").checked = selected.includes(job.id);
    const content = JSON.stringify(job);
    if (content === this.content) return;
    this.content = content;
    this.job = job;
    this.element.dataset.job = job.id;
    this.drawName();
    this.drawCounts();
    this.drawActions();
    this.text(".model .line", job.model);
    this.text(".model .under", job.facts);
    this.text(".run", job.run ?? "");
    this.text(".created", job.age);
    this.text(".badge", job.status);
    this.find(".badge").dataset.color = job.color;
    this.find("input").setAttribute("aria-label", `Select ${job.name}`);
    if (this.isOpen) this.drawDetails();
  }

  text(selector, text) {
    const element = this.find(selector);
    if (element.textContent !== text) element.textContent = text;
  }

  drawName() {
    const { job } = this;
    const kind = job.href ? "A" : "BUTTON";
    let open = this.find(".open");
    if (open.tagName !== kind) {
      const other = Object.assign(document.createElement(kind), { className: "open" });
      if (kind === "BUTTON") other.type = "button";
      open.replaceWith(other);
      open = other;
    }
    open.textContent = job.name;
    open.title = job.name;
    if (job.href) open.href = job.href;
    else open.setAttribute("aria-expanded", String(this.isOpen));
    open.onclick = (event) => this.open(event);
    this.find(".sample").hidden = !job.is_sample;
    const labels = (job.tags ?? []).map((tag) => element("span", "tag", tag));
    const note = job.note ? [element("span", "note", job.note)] : [];
    this.find(".labels").replaceChildren(...labels, ...note);
    const image = this.find("img");
    if (image.getAttribute("src") === (job.thumbnail || null)) return;
    if (job.thumbnail) image.src = job.thumbnail;
    else image.removeAttribute("src");
    if (!job.thumbnail) image.hidden = true;
  }

  drawCounts() {
    const { job } = this;
    const isBusy = Boolean(job.progress) || (job.share ?? null) !== null;
    this.find(".sparkline").hidden = !job.sparkline;
    if (job.sparkline) drawSparkline(this.find(".sparkline"), job.sparkline);
    this.find(".progress").hidden = !isBusy;
    this.text(".progress .under", job.progress ?? "");
    this.find(".progress .under").title = job.progress ?? "";
    const bar = this.find(".bar");
    bar.hidden = (job.share ?? null) === null;
    bar.setAttribute("aria-label", `Progress of ${job.name}`);
    bar.setAttribute("aria-valuenow", String(Math.round((job.share ?? 0) * 100)));
    bar.firstElementChild.style.width = `${(job.share ?? 0) * 100}%`;
    const problem = this.find(".problem");
    const [first] = job.problems ?? [];
    problem.hidden = !first;
    this.text(".problem span", first?.line || first?.text || "");
    problem.classList.toggle("error", Boolean(first?.is_error));
  }

  drawActions() {
    const [first] = this.job.actions;
    const isNext = Boolean(first) && !["other_models", "edit", "history"].includes(first.action);
    const next = this.find(".next");
    next.hidden = !isNext;
    next.textContent = isNext ? first.label : "";
    next.title = isNext ? (first.help ?? "") : "";
    next.disabled = isNext && Boolean(first.disabled);
    if (isNext) next.setAttribute("aria-label", `${first.label}: ${this.job.name}`);
    this.find(".more").setAttribute("aria-label", `Actions for ${this.job.name}`);
  }

  entries() {
    const { job } = this;
    const open = job.href ? [{ label: "Open in analytics", run: () => this.send("open") }] : [];
    const details = { label: this.isOpen ? "Hide details" : "Details", run: () => this.toggle() };
    const original = job.original ? [{ label: "Download original results", href: job.original }] : [];
    const actions = job.actions.map((action) => ({ ...action, run: () => this.act(action) }));
    return [...open, details, ...original, ...actions];
  }

  act({ action }) {
    this.send(action);
  }

  send(action) {
    this.table.send("command", { action, job_id: this.job.id });
  }

  // A modified click on a link is left to the browser, which opens a tab.
  open(event) {
    if (!this.job.href) return this.toggle();
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    this.element.classList.add("opening");
    this.send("open");
  }

  toggle() {
    this.isOpen = !this.isOpen;
    this.find(".details").hidden = !this.isOpen;
    for (const button of [this.find("button.open"), this.find(".problem")])
      button?.setAttribute("aria-expanded", String(this.isOpen));
    if (this.isOpen) this.drawDetails();
  }

  drawDetails() {
    const { job } = this;
    const problems = (job.problems ?? []).map(({ text, is_error: isError }) =>
      element("p", isError ? "reason error" : "reason", text),
    );
    const note = job.note ? [element("p", "", job.note)] : [];
    const progress = job.progress ? [element("p", "", job.progress)] : [];
    const facts = element("p", "facts", `${job.model} · ${job.facts} · ${job.times} · ${job.id}`);
    this.find(".details").replaceChildren(...problems, ...progress, ...note, facts);
  }
}

function element(kind, className, text) {
  return Object.assign(document.createElement(kind), { className, textContent: text });
}
