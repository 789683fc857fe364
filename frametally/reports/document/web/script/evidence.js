// The frames: the chosen one large, with what was counted in it; the others below, in order of time.
import { clock } from "./texts.js";

const LEAST_VISIBLE_PX = 160;

function element(tag, text, className = "") {
  const made = document.createElement(tag);
  made.textContent = text;
  made.className = className;
  return made;
}

function picture(source) {
  const copy = document.createElement("img");
  copy.src = source.src;
  copy.alt = source.alt;
  return copy;
}

function labeled(image, model) {
  const side = document.createElement("div");
  side.className = "side";
  side.append(image, element("span", model));
  return side;
}

export class Evidence {
  constructor(data) {
    this.frames = data.evidence;
    this.clips = data.clips;
    this.models = data.sides.map((side) => side.model);
    this.buttons = [...document.querySelectorAll("[data-evidence]")];
    this.at = -1;
    this.onChange = () => {};
    if (!this.buttons.length) return;
    this.buttons.forEach((button, at) => button.addEventListener("click", () => this.show(at)));
    document.getElementById("previous").addEventListener("click", () => this.step(-1));
    document.getElementById("next").addEventListener("click", () => this.step(1));
    document.getElementById("clip").addEventListener("click", () => this.play());
    addEventListener("keydown", (event) => this.listenToKey(event));
    this.show(Math.max(data.first, 0));
  }

  get time() {
    return this.at < 0 ? null : this.frames[this.at].time_s;
  }

  listenToKey(event) {
    const direction = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const isTaken = event.target.closest?.("input, video, select, textarea") || event.altKey || event.ctrlKey || event.metaKey;
    if (!direction || isTaken) return;
    event.preventDefault();
    const hadFocus = this.buttons.includes(document.activeElement);
    this.step(direction);
    if (hadFocus) this.buttons[this.at].focus();
  }

  step(direction) {
    this.show(Math.min(Math.max(this.at + direction, 0), this.frames.length - 1));
  }

  showNearest(time) {
    if (!this.frames.length) return;
    let best = 0;
    this.frames.forEach((frame, at) => {
      if (Math.abs(frame.time_s - time) < Math.abs(this.frames[best].time_s - time)) best = at;
    });
    const away = this.frames[best].time_s - time;
    const where = Math.abs(away) < 0.05 ? "at the point you clicked" : `${Math.abs(away).toFixed(1)} s ${away > 0 ? "after" : "before"} the point you clicked, ${clock(time)}`;
    this.show(best, `Nearest evidence frame: ${where}.`);
    this.bringIntoView();
  }

  // Where the large frame is below the window, as on a phone; otherwise nothing moves under the pointer.
  bringIntoView() {
    const stage = document.getElementById("stage");
    if (stage.getBoundingClientRect().top < innerHeight - LEAST_VISIBLE_PX) return;
    const behavior = matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth";
    document.querySelector(".viewer").scrollIntoView({ block: "nearest", behavior });
  }

  show(at, away = "") {
    this.at = at;
    const frame = this.frames[at];
    this.buttons.forEach((button, other) => {
      button.tabIndex = other === at ? 0 : -1;
      if (other === at) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    });
    this.showPictures(at);
    this.showCaption(frame, away);
    document.getElementById("place").textContent = `${at + 1} of ${this.frames.length}`;
    document.getElementById("previous").disabled = at === 0;
    document.getElementById("next").disabled = at === this.frames.length - 1;
    const clip = document.getElementById("clip");
    clip.hidden = !frame.clip;
    clip.textContent = "Play clip";
    this.scrollTo(at);
    this.onChange();
  }

  showPictures(at) {
    const stage = document.getElementById("stage");
    const images = [...this.buttons[at].querySelectorAll("img")];
    stage.classList.toggle("two", images.length > 1);
    const absent = this.buttons[at].querySelector(".absent");
    const shown = images.length > 1 ? images.map((image, side) => labeled(picture(image), this.models[side])) : images.map(picture);
    stage.replaceChildren(...(shown.length ? shown : [element("p", absent?.textContent ?? "")]));
    const first = images[0];
    if (first) stage.style.aspectRatio = `${first.getAttribute("width") * images.length} / ${first.getAttribute("height")}`;
  }

  showCaption(frame, away) {
    const parts = [...this.buttons[this.at].querySelectorAll(".text > *")].map((part) => part.cloneNode(true));
    if (away) parts.push(element("span", away, "away"));
    document.getElementById("caption").replaceChildren(...parts);
  }

  // The clip instead of the picture; the picture again when it is asked for.
  play() {
    const button = document.getElementById("clip");
    if (document.querySelector("#stage video")) {
      button.textContent = "Play clip";
      this.showPictures(this.at);
      return;
    }
    const video = document.createElement("video");
    Object.assign(video, { controls: true, muted: true, playsInline: true, autoplay: true, src: this.clips[this.frames[this.at].clip] });
    video.setAttribute("aria-label", "Clip around this frame");
    const stage = document.getElementById("stage");
    stage.classList.remove("two");
    stage.replaceChildren(video);
    button.textContent = "Show frame";
  }

  // Only sideways, in the row of a phone: the page itself stays where it is.
  scrollTo(at) {
    const row = this.buttons[at].closest(".frames");
    if (row.scrollWidth <= row.clientWidth) return;
    const [item, around] = [this.buttons[at].parentElement, row].map((part) => part.getBoundingClientRect());
    row.scrollLeft += item.left - around.left - (around.width - item.width) / 2;
  }
}
