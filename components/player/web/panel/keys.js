// The keys of the player, and the sheet that lists them.

const KEYS = [
  ["Space", "Play or pause"],
  ["← →", "Previous or next analyzed frame"],
  ["Shift ← →", "Previous or next detection"],
  ["P, Shift P", "Next or previous peak, first or last appearance"],
  ["D, Shift D", "Next or previous disagreement of the models"],
  ["1 – 9", "Show or hide a class"],
  ["[ ]", "Lower or raise the min. confidence"],
  ["+ − 0", "Zoom in, out, or show the whole picture"],
  ["H J K L", "Move the zoomed picture left, down, up, right"],
  ["F", "Full screen"],
  ["C", "Copy the link to this view"],
  ["?", "Show or hide this list"],
];
const STEP = 0.05; // of the threshold

export class Keys {
  constructor(root, player) {
    this.root = root;
    this.player = player;
    this.sheet = root.querySelector("dialog");
    this.sheet.querySelector("dl").replaceChildren(...KEYS.flatMap(([keys, meaning]) => [tag("dt", keys), tag("dd", meaning)]));
    this.sheet.querySelector("button").onclick = () => this.sheet.close();
    this.listen = (event) => this.press(event);
    window.addEventListener("keydown", this.listen, true); // before the shortcuts of Streamlit
  }

  press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || !this.isOurs(event)) return;
    const act = this.actionOf(event);
    if (!act) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    act();
  }

  // Whether the key is meant for the player: no other control of the page has the focus.
  isOurs(event) {
    const target = event.composedPath()[0];
    if (!(target instanceof Element)) return true;
    if (target === document.body || target === document.documentElement) return true;
    if (!this.root.contains(target)) return false;
    if (target.matches("select, input[type=datetime-local]") || target.closest("[data-own-keys]")) return false;
    if (target.matches("input[type=range]")) return !event.key.startsWith("Arrow");
    return !(target.matches("button, input, summary") && event.key === " ");
  }

  actionOf({ key, shiftKey }) {
    const { player } = this;
    const way = shiftKey ? -1 : 1;
    const byKey = {
      " ": () => player.playhead.toggle(),
      ArrowLeft: () => (shiftKey ? player.playhead.jump(-1, "detection") : player.playhead.step(-1)),
      ArrowRight: () => (shiftKey ? player.playhead.jump(1, "detection") : player.playhead.step(1)),
      p: () => player.playhead.jump(way, "peak"),
      d: () => player.playhead.jump(way, "disagreement"),
      "[": () => player.filters.moveThreshold(-STEP),
      "]": () => player.filters.moveThreshold(STEP),
      "+": () => player.stage.zoom.step(1),
      "=": () => player.stage.zoom.step(1), // the same key without shift
      "-": () => player.stage.zoom.step(-1),
      0: () => player.stage.zoom.reset(),
      h: () => player.stage.zoom.look(-1, 0),
      j: () => player.stage.zoom.look(0, 1),
      k: () => player.stage.zoom.look(0, -1),
      l: () => player.stage.zoom.look(1, 0),
      f: () => player.toggleFullscreen(),
      c: () => player.copyLink(),
      "?": () => this.toggleSheet(),
    };
    if (/^[1-9]$/.test(key)) return () => player.classList.toggle(Number(key) - 1);
    if (key === "Escape" && this.sheet.open) return () => this.sheet.close();
    return byKey[key.length === 1 ? key.toLowerCase() : key];
  }

  toggleSheet() {
    if (this.sheet.open) this.sheet.close();
    else this.sheet.showModal();
  }

  close() {
    window.removeEventListener("keydown", this.listen, true);
  }
}

function tag(name, text) {
  return Object.assign(document.createElement(name), { textContent: text });
}
