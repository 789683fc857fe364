// The menu of a row: one popover that all rows share.

class Menu {
  constructor(element) {
    this.element = element;
    this.button = null;
    element.onkeydown = (event) => this.move(event);
    element.ontoggle = ({ newState }) => {
      if (newState === "closed") this.button?.setAttribute("aria-expanded", "false");
    };
  }

  // entries: {label, help, disabled} with `run`, or with `href` for a download
  open(button, name, entries) {
    this.button = button;
    this.element.setAttribute("aria-label", `Actions for ${name}`);
    this.element.replaceChildren(...entries.map((entry) => this.item(entry)));
    this.element.showPopover();
    this.place(button.getBoundingClientRect());
    button.setAttribute("aria-expanded", "true");
    this.items[0]?.focus();
  }

  close() {
    if (this.element.matches(":popover-open")) this.element.hidePopover();
  }

  get items() {
    return [...this.element.querySelectorAll("[role=menuitem]:not([aria-disabled=true])")];
  }

  item({ label, help, disabled, href, run }) {
    const item = document.createElement(href ? "a" : "button");
    item.setAttribute("role", "menuitem");
    item.textContent = label;
    item.title = help ?? "";
    if (href) Object.assign(item, { href, download: "" });
    if (disabled) item.setAttribute("aria-disabled", "true");
    item.onclick = () => {
      if (disabled) return;
      this.close();
      run?.();
    };
    return item;
  }

  place({ right, top, bottom }) {
    const { offsetWidth: width, offsetHeight: height } = this.element;
    const isBelow = bottom + height + 8 < innerHeight || top < height;
    this.element.style.left = `${Math.max(right - width, 8)}px`;
    this.element.style.top = `${isBelow ? bottom + 4 : top - height - 4}px`;
  }

  move(event) {
    const items = this.items;
    const at = items.indexOf(this.element.getRootNode().activeElement);
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
    if (next !== undefined) items.at(next % items.length)?.focus();
    if (event.key === "Tab") this.close();
    if (next !== undefined) event.preventDefault();
  }
}
