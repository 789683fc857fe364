// The list: rows by job id, keys, sorting and density.

const DENSITY = "frametally.jobs.density";
const mounted = new WeakMap();

export default function mount({ data, parentElement, setTriggerValue }) {
  const root = rootOf(parentElement).querySelector(".jobs");
  if (!mounted.has(root)) mounted.set(root, new JobTable(root));
  const table = mounted.get(root);
  table.send = setTriggerValue;
  table.update(data);
  return table.listen();
}

class JobTable {
  constructor(root) {
    this.root = root;
    this.rows = new Map();
    this.menu = new Menu(root.querySelector(".menu"));
    for (const button of root.querySelectorAll(".head [data-column]")) button.onclick = () => this.sort(button.dataset.column);
    root.querySelector(".density").onclick = () => this.setDense(!root.classList.contains("dense"));
    this.setDense(localStorage.getItem(DENSITY) === "compact");
  }

  update({ rows, order, selected }) {
    this.order = order;
    this.root.classList.toggle("selecting", selected !== null);
    for (const button of this.root.querySelectorAll(".head [data-column]")) {
      const isSorted = button.dataset.column === order.column;
      const direction = order.descending ? "descending" : "ascending";
      button.parentElement.setAttribute("aria-sort", isSorted ? direction : "none");
    }
    const list = this.root.querySelector(".rows");
    const ids = new Set(rows.map(({ id }) => id));
    for (const [id, row] of this.rows) if (!ids.has(id)) this.remove(id, row);
    rows.forEach((job, at) => {
      const row = this.row(job.id);
      row.update(job, selected);
      if (list.children[at] !== row.element) list.insertBefore(row.element, list.children[at] ?? null);
    });
  }

  row(id) {
    if (!this.rows.has(id)) this.rows.set(id, new JobRow(this.root.querySelector("template"), this));
    return this.rows.get(id);
  }

  remove(id, row) {
    if (row.element.contains(this.menu.button)) this.menu.close();
    row.element.remove();
    this.rows.delete(id);
  }

  sort(column) {
    const isSame = this.order.column === column;
    const descending = isSame ? !this.order.descending : column === "created" || column === "run";
    this.send("order", { column, descending });
  }

  // All selected ids: of several events before the next run, only the last one arrives.
  select() {
    const selected = [...this.rows].filter(([, row]) => row.find("input").checked).map(([id]) => id);
    this.send("selected", selected);
  }

  setDense(isDense) {
    this.root.classList.toggle("dense", isDense);
    this.root.querySelector(".density").setAttribute("aria-pressed", String(isDense));
    localStorage.setItem(DENSITY, isDense ? "compact" : "");
  }

  listen() {
    this.listening?.abort();
    this.listening = new AbortController();
    document.addEventListener("keydown", (event) => this.press(event), { signal: this.listening.signal });
    // Streamlit also calls this while the elements stay, for a call that newer data has overtaken.
    return () => this.root.isConnected || this.listening.abort();
  }

  press(event) {
    const { key } = event;
    if (!["j", "k", "x"].includes(key) || event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return;
    const rows = [...this.root.querySelectorAll(".row")];
    const at = rows.indexOf(this.root.getRootNode().activeElement?.closest(".row"));
    if (key === "x") return this.toggleSelected(rows[at]);
    const next = key === "j" ? Math.min(at + 1, rows.length - 1) : Math.max(at - 1, 0);
    rows[next]?.querySelector(".open").focus();
    rows[next]?.scrollIntoView({ block: "nearest" });
  }

  toggleSelected(row) {
    const box = row?.querySelector("input");
    if (!box || !this.root.classList.contains("selecting")) return;
    box.checked = !box.checked;
    this.select();
  }
}

function isTyping(event) {
  const [target] = event.composedPath();
  const isField = target.closest?.("input:not([type=checkbox]), textarea, select, [contenteditable=true]");
  return Boolean(isField || document.querySelector("[role=dialog], [data-modal-container]"));
}
