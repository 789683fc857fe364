const bars = new WeakMap();

export default function mount({ data, parentElement, setTriggerValue }) {
  const own = rootOf(parentElement);
  const root = own.querySelector(".bar");
  if (!bars.has(root)) bars.set(root, new Bar(root, new Search(own.querySelector("dialog"))));
  const bar = bars.get(root);
  bar.send = bar.search.send = setTriggerValue;
  bar.update(data);
  return bar.listen();
}

class Bar {
  constructor(root, search) {
    this.root = root;
    this.search = search;
    root.querySelector("kbd").textContent = /Mac|iPhone|iPad/.test(navigator.platform) ? "⌘K" : "Ctrl K";
    root.querySelector(".search").onclick = () => search.open();
    root.querySelector(".service").onclick = () => this.send("go", "configuration");
    this.theme = new ThemeSwitch(root.querySelector(".theme"));
    root.querySelector(".help").onclick = () => this.send("go", "help");
  }

  update({ service, is_ready: isReady, text, found }) {
    const button = this.root.querySelector(".service");
    button.querySelector("span").textContent = service;
    button.title = isReady ? `New jobs run on: ${service}` : `${service} needs an API key`;
    button.setAttribute("aria-label", `Service: ${service}${isReady ? "" : ", needs an API key"}`);
    button.classList.toggle("waiting", !isReady);
    this.search.update(text, found);
    requestAnimationFrame(() => this.root.isConnected && this.theme.show()); // it needs the styles of the page
  }

  listen() {
    this.listening?.abort();
    this.listening = new AbortController();
    const press = (event) => {
      if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) return;
      event.preventDefault();
      this.search.open();
    };
    const { signal } = this.listening;
    document.addEventListener("keydown", press, { signal });
    document.addEventListener("click", ({ target }) => isPageLink(target) && setTimeout(closeNavigation), { signal });
    this.theme.listen(signal);
    // Streamlit also calls this while the elements stay, for a call that newer data has overtaken.
    return () => this.root.isConnected || this.listening.abort();
  }
}

// On a phone, the links to the pages are in Streamlit's sidebar, which would stay open over the page that was chosen.
const isPageLink = (target) => Boolean(target.closest?.('[data-testid="stSidebar"] a'));

function closeNavigation() {
  const toggle = document.querySelector('[data-testid="stSidebarCollapseButton"]');
  (toggle?.querySelector("button") ?? toggle)?.click();
  if (document.activeElement.closest('[data-testid="stSidebar"]')) setTimeout(focusOpener); // not a link out of sight
}

function focusOpener() {
  document.querySelector('[data-testid="stExpandSidebarButton"]')?.focus();
}
