// The button between light and dark: it chooses in Streamlit's menu, the only way to change the theme without a reload.

const SETTLE_MS = 250; // until Streamlit has changed its colors
const MENU = "[data-testid=stMainMenu]";

class ThemeSwitch {
  constructor(button) {
    this.button = button;
    button.onclick = () => this.choose(isDark(button) ? "Light" : "Dark");
  }

  listen(signal) {
    const later = () => setTimeout(() => this.show(), SETTLE_MS);
    addEventListener("click", later, { signal });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", later, { signal });
  }

  show() {
    const dark = isDark(this.button);
    this.button.setAttribute("aria-pressed", dark);
    this.button.title = dark ? "Light theme" : "Dark theme";
  }

  async choose(name) {
    const menu = document.querySelector(`${MENU} button`) ?? document.querySelector(MENU);
    if (!menu) return;
    const { classList } = document.documentElement;
    classList.add("frametally-switches-theme");
    try {
      menu.click();
      (await appeared(`[data-testid=stMainMenuItem-theme-${name}]`))?.click();
      if (document.querySelector("[data-testid=stMainMenuPopover]")) menu.click();
    } finally {
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
      classList.remove("frametally-switches-theme");
      this.button.focus();
      this.show();
    }
  }
}

// The element, which Streamlit draws within a few pictures of the screen.
async function appeared(selector) {
  for (let picture = 0; picture < 60; picture++) {
    const found = document.querySelector(selector);
    if (found) return found;
    await new Promise(requestAnimationFrame);
  }
  return null;
}

function isDark(element) {
  const [red, green, blue] = getComputedStyle(element.closest(".bar")).color.match(/\d+(\.\d+)?/g).map(Number);
  return red + green + blue > 382; // light text
}
