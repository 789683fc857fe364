// The boxes of a second model: laid over those of the first one, or on a picture beside it.

import { BoxStore } from "../data/boxes.js";
import { ExactFrames } from "./exact.js";
import { Overlay } from "./overlay.js";

export class SecondModel {
  mode = "off"; // "over" or "beside"
  model = null; // of those in the data
  store = null;

  constructor(player) {
    this.player = player;
    this.theater = player.root.querySelector(".theater");
    this.root = player.root.querySelector(".second");
    this.picture = this.root.querySelector(".exact");
    this.overlay = new Overlay(this.root.querySelector("canvas"));
    this.exact = new ExactFrames();
    this.choice = player.root.querySelector(".model-choice");
    this.choice.onchange = () => this.choose(this.choice.value);
  }

  // The other models of new data; what was chosen stays, if it is still there.
  offer(models) {
    this.models = models;
    const over = models.map(({ name }, at) => new Option(`+ ${name} over it`, `over ${at}`));
    const beside = models.map(({ name }, at) => new Option(`+ ${name} beside it`, `beside ${at}`));
    const before = this.choice.value;
    this.choice.replaceChildren(new Option("One model", "off"), ...over, ...beside);
    this.choice.hidden = !models.length;
    this.choose([...this.choice.options].some(({ value }) => value === before) ? before : "off");
  }

  choose(value) {
    const [mode, at] = value.split(" ");
    const model = this.models[Number(at)] ?? null;
    const { player } = this;
    if (this.model?.view !== model?.view) this.store = model && new BoxStore(model.view, () => player.drawing.draw());
    Object.assign(this, { mode, model });
    this.choice.value = value;
    this.root.hidden = mode !== "beside";
    this.theater.classList.toggle("beside", mode === "beside");
    this.shown = null;
    this.tell(player.root.querySelector(".stage:not(.second) .model"), this.titles[mode]);
    this.tell(this.root.querySelector(".model"), model?.name ?? "");
    player.stage.fit();
  }

  get titles() {
    const { model } = this.player.data;
    return { off: "", over: `${model} · dashed: ${this.model?.name}`, beside: model };
  }

  tell(element, text) {
    element.textContent = text;
    element.hidden = !text;
  }

  // The boxes of an entry with the filters of the view.
  boxesAt(entry) {
    const { times, view, thresholdStep } = this.player;
    if (!this.store || entry < 0 || entry >= times.entries) return [];
    const isVisible = (code) => !view.classes || view.classes.includes(this.model.classes[code]?.name);
    return this.store.at(entry, thresholdStep, isVisible) ?? [];
  }

  // Draw what belongs to the picture of the first model: an exact one, or the frame that the video shows.
  draw(entry, isExact, switches) {
    if (this.mode === "off") return;
    const boxes = this.boxesAt(entry);
    const { stage } = this.player;
    if (this.mode === "over") return switches.boxes && stage.overlay.drawDashed(boxes, this.model.classes);
    this.place();
    if (isExact) this.showExact(entry);
    else this.hideExact();
    const isCovered = !this.picture.hidden && !this.player.drawing.isPlain;
    this.overlay.draw(boxes, this.model.classes, {
      withBoxes: switches.boxes && !isCovered,
      withShapes: switches.shapes && !isCovered,
      withLabels: switches.labels && !isCovered,
      picture: isExact ? null : (stage.taken ?? stage.video),
    });
  }

  // The same part of the picture as in the first stage.
  place() {
    const { overlay, picture } = this.player.stage;
    const { left, top, width, height } = overlay.canvas.style;
    Object.assign(this.overlay.canvas.style, { left, top, width, height });
    this.overlay.place = overlay.place;
    this.picture.style.transform = picture.style.transform;
  }

  async showExact(entry) {
    const { drawing, view } = this.player;
    const address = `${this.model.view}frames/${entry}.jpg?${drawing.isPlain ? "plain" : view.filter}`;
    if (this.shown === address) return;
    this.shown = address;
    this.picture.hidden = true;
    try {
      const url = await this.exact.get(address);
      if (!url || this.shown !== address) return;
      this.picture.src = url;
      this.picture.alt = `The same frame with the detections of ${this.model.name}`;
      this.picture.hidden = false;
      drawing.draw();
    } catch (error) {
      this.player.status.announce(error.message);
    }
  }

  hideExact() {
    this.shown = null;
    this.exact.cancel();
    this.picture.hidden = true;
  }

  close() {
    this.exact.close();
  }
}
