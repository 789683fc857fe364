// Cards of moments, read from the route of the view. A new answer replaces the cards at once, so nothing flickers.

const KINDS = { peak: "peaks, first and last", disagreement: "disagreements of the models", interval: "a frame" };
const FIRST_CARDS = 24;
const MAX_LOADING = 2; // pictures at a time: a browser has six connections to a server, and the player needs some
const NEAR = "600px"; // from what is visible
const PAUSES_MS = [300, 1000, 3000]; // after attempts without a connection
const MAX_WAIT_MS = 2000; // until the page has drawn what comes first
const whenIdle = (act) => (window.requestIdleCallback ? requestIdleCallback(act, { timeout: MAX_WAIT_MS }) : setTimeout(act));
const galleries = new WeakMap();

export default function (component) {
  const root = component.parentElement.querySelector(".moments");
  if (!galleries.has(root)) galleries.set(root, new Gallery(root));
  galleries.get(root).update(component);
  // Streamlit also calls this while the elements stay, for a call that newer data has overtaken.
  return () => {
    if (root.isConnected) return;
    galleries.get(root)?.close();
    galleries.delete(root);
  };
}

// Loads pictures that are nearly visible, a few at a time.
class Pictures {
  waiting = [];
  loading = 0;
  observer = new IntersectionObserver((changes) => this.see(changes), { rootMargin: NEAR, scrollMargin: NEAR });

  add(image, address) {
    image.dataset.address = address;
    this.observer.observe(image);
  }

  see(changes) {
    for (const { target, isIntersecting } of changes) {
      if (!isIntersecting) continue;
      this.observer.unobserve(target);
      this.waiting.push(target);
    }
    this.next();
  }

  next() {
    while (this.loading < MAX_LOADING && this.waiting.length) {
      const image = this.waiting.shift();
      this.loading += 1;
      image.onload = image.onerror = ({ type }) => {
        this.loading -= 1;
        image.classList.toggle("missing", type === "error");
        this.next();
      };
      image.src = image.dataset.address;
    }
  }

  clear() {
    this.observer.disconnect();
    this.waiting = [];
  }
}

class Gallery {
  isWhole = false;
  pictures = new Pictures();

  constructor(root) {
    this.root = root;
    const find = (selector) => root.querySelector(selector);
    [this.kind, this.every, this.sort] = [find(".kind"), find(".every"), find(".sort")];
    [this.state, this.cards, this.more] = [find(".state"), find(".cards"), find(".more")];
    this.again = find(".again");
    this.again.onclick = () => this.load();
    for (const field of [this.kind, this.every, this.sort]) field.onchange = () => this.load();
    this.more.onclick = () => {
      this.isWhole = true;
      this.draw();
    };
  }

  update({ data, setTriggerValue }) {
    this.data = data;
    this.choose = (entry) => setTriggerValue("moment", entry);
    this.offer(data.kinds);
    const meanings = Object.entries(data.meanings).flatMap(([name, text]) => [element("dt", name), element("dd", text)]);
    this.root.querySelector("dl").replaceChildren(...meanings);
    if (this.asked) this.load();
    else whenIdle(() => this.root.isConnected && this.load()); // the player, which is above, has more to load
  }

  offer(kinds) {
    if (JSON.stringify(kinds) === this.offered) return;
    this.offered = JSON.stringify(kinds);
    this.kind.replaceChildren(...kinds.map((kind) => Object.assign(element("option", KINDS[kind]), { value: kind })));
    this.every.querySelector("input").value = this.data.interval_s;
  }

  get address() {
    const query = new URLSearchParams(this.data.query);
    query.set("kind", this.kind.value);
    query.set("sort", this.sort.value);
    if (this.kind.value === "disagreement") query.set("other", this.data.other);
    if (this.kind.value === "interval") query.set("every", this.every.querySelector("input").value);
    return new URL(`${this.data.url}gallery?${query}`, document.baseURI).href;
  }

  // Ask for the moments; the newest question wins.
  async load() {
    this.every.hidden = this.kind.value !== "interval";
    const { address } = this;
    if (address === this.asked) return;
    this.asked = address;
    this.isWhole = false;
    this.root.setAttribute("aria-busy", "true");
    this.again.hidden = true;
    if (!this.found) this.state.textContent = "Loading moments…";
    const answer = await ask(address, () => address === this.asked);
    if (address !== this.asked) return;
    if (answer.error) this.asked = null; // asked again at the next opportunity
    this.again.hidden = !answer.error;
    this.root.removeAttribute("aria-busy");
    this.found = answer.moments ?? [];
    this.state.textContent = answer.error ?? describe(this.found.length, answer.total);
    this.draw();
  }

  draw() {
    const shown = this.isWhole ? this.found : this.found.slice(0, FIRST_CARDS);
    this.pictures.clear();
    this.cards.replaceChildren(...shown.map((moment) => this.card(moment)));
    this.more.hidden = shown.length === this.found.length;
    this.more.textContent = `Show all ${this.found.length.toLocaleString("en-US")}`;
  }

  card({ entry, time_s, reason, detections }) {
    const button = element("button");
    button.type = "button";
    button.dataset.entry = entry;
    if (this.data.has_pictures) button.append(this.picture(entry));
    const count = detections === null ? "" : `${detections} detection${detections === 1 ? "" : "s"}`;
    button.append(element("b", capitalized(reason)), element("span", [formatTime(time_s), count].filter(Boolean).join(" · ")));
    button.onclick = () => this.choose(entry);
    const item = element("li");
    item.append(button);
    return item;
  }

  picture(entry) {
    const image = element("img");
    const query = new URLSearchParams(this.data.query);
    query.set("small", "");
    query.delete("window");
    image.alt = "";
    this.pictures.add(image, new URL(`${this.data.url}frames/${entry}.jpg?${query}`, document.baseURI).href);
    return image;
  }

  close() {
    this.asked = null;
    this.pictures.clear();
  }
}

// The answer; asked for again without a connection, as long as it is wanted.
async function ask(address, isWanted) {
  for (const pauseMs of [...PAUSES_MS, null]) {
    try {
      const response = await fetch(address);
      return response.ok ? await response.json() : { error: await response.text() };
    } catch {
      if (pauseMs === null || !isWanted()) break;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
  return { error: "The server cannot be reached." };
}

function describe(shown, total) {
  if (!total) return "No moments match the current filters.";
  const moments = `${total.toLocaleString("en-US")} moment${total === 1 ? "" : "s"}`;
  return shown < total ? `The first ${shown} of ${moments}` : moments;
}

// A position in a video: `0:39.9`, `1:02:03.0`.
function formatTime(seconds) {
  const tenths = Math.round(Math.max(seconds, 0) * 10);
  const [hours, minutes] = [Math.floor(tenths / 36000), Math.floor((tenths % 36000) / 600)];
  const rest = ((tenths % 600) / 10).toFixed(1).padStart(4, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

function capitalized(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function element(tag, text = "") {
  const node = document.createElement(tag);
  node.textContent = text;
  return node;
}
