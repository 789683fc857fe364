// Pictures of how objects moved in the current view: trajectories and heat map over the background of the video.

import { element } from "../../../../web/elements.js";

const KINDS = {
  trajectories: ["Trajectories", "The path of each object in the color of its class, with a dot where it was last seen."],
  heat: ["Heat map", "Where objects were. The brighter, the longer."],
};

export class Pictures {
  kind = "trajectories";

  constructor() {
    this.root = element("section", "", { class: "pictures" });
    this.kinds = element("span", "", { class: "kinds", role: "group", "aria-label": "Picture" });
    for (const [kind, [name]] of Object.entries(KINDS)) {
      const button = element("button", name, { type: "button" });
      button.dataset.kind = kind;
      button.onclick = () => this.choose(kind);
      this.kinds.append(button);
    }
    this.link = element("a", "Download picture", { class: "button" });
    this.image = element("img", "", { loading: "lazy", decoding: "async" });
    this.failure = element("p", "The picture could not be made. Change the view, or reload the page.", { role: "status" });
    this.failure.hidden = true;
    this.image.onerror = () => (this.failure.hidden = false);
    this.image.onload = () => (this.failure.hidden = true);
    this.meaning = element("p", "", { class: "meaning" });
    const bar = element("div", "", { class: "choices" });
    bar.append(this.kinds, this.link);
    this.root.append(element("h2", "Pictures"), bar, this.image, this.failure, this.meaning);
  }

  // `address` of the view's routes; `query`: threshold, classes and time range; `name` of the video.
  show({ address, query, name, size }) {
    Object.assign(this, { address, query, name });
    if (size) [this.image.width, this.image.height] = size;
    this.draw();
  }

  choose(kind) {
    this.kind = kind;
    this.draw();
  }

  draw() {
    const [name, meaning] = KINDS[this.kind];
    for (const button of this.kinds.children) button.setAttribute("aria-pressed", button.dataset.kind === this.kind);
    const url = new URL(`${this.address}regions/${this.kind}.jpg?${this.query}`, document.baseURI).href;
    if (this.image.src !== url) this.image.src = url;
    this.image.alt = `${name} of the current view`;
    Object.assign(this.link, { href: url, download: `${this.name}.${this.kind}.jpg` });
    this.meaning.textContent = `${meaning} Follows the min. confidence, the classes and the time range.`;
  }
}
