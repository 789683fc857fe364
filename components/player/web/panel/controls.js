// The buttons below the picture.

import { formatTime } from "../../../web/formatting.js";

export class Controls {
  constructor(root, player) {
    this.root = root;
    const on = (name, act) => (this.find(name).onclick = act);
    on("play", () => player.playhead.toggle());
    on("previous", () => player.playhead.step(-1));
    on("next", () => player.playhead.step(1));
    on("back", () => player.playhead.jump(-1));
    on("forth", () => player.playhead.jump(1));
    on("mute", () => player.mute(!player.stage.video.muted));
    for (const name of ["boxes", "labels", "shapes"]) on(name, () => player.drawing.switch(name));
    const zoom = (name, act) => (player.root.querySelector(`.zoom .${name}`).onclick = act);
    zoom("in", () => player.stage.zoom.step(1));
    zoom("out", () => player.stage.zoom.step(-1));
    zoom("scale", () => player.stage.zoom.reset());
    on("fullscreen", () => player.toggleFullscreen());
    on("help", () => player.keys.toggleSheet());
    this.find("speed").onchange = ({ target }) => player.setSpeed(Number(target.value));
    this.target = this.find("jump");
  }

  find(name) {
    return this.root.querySelector(`.${name}`);
  }

  press(name, isPressed) {
    this.find(name).setAttribute("aria-pressed", isPressed);
  }

  // Show a switch with this text; hide it if there is nothing to switch.
  offer(name, text) {
    this.find(name).hidden = !text;
    if (text) this.find(name).querySelector("span").textContent = text;
  }

  setPlaying(isPlaying) {
    this.root.classList.toggle("playing", isPlaying);
    const button = this.find("play");
    button.setAttribute("aria-label", isPlaying ? "Pause" : "Play");
    button.title = isPlaying ? "Pause (space)" : "Play (space)";
  }

  setMuted(isMuted) {
    this.root.classList.toggle("muted", isMuted);
    this.find("mute").setAttribute("aria-label", isMuted ? "Turn sound on" : "Turn sound off");
  }

  setTime(seconds, durationS, frame) {
    this.find("now").textContent = formatTime(seconds);
    this.find("total").textContent = formatTime(durationS);
    this.find("number").textContent = `frame ${frame.toLocaleString("en-US")}`;
  }

  // Where the jump buttons can lead.
  setTargets(targets) {
    const key = targets.map(([value]) => value).join();
    if (key === this.targets) return;
    this.targets = key;
    const before = this.target.value;
    this.target.replaceChildren(...targets.map(([value, label]) => new Option(label, value)));
    this.target.value = targets.some(([value]) => value === before) ? before : targets[0]?.[0];
    for (const name of ["back", "forth", "jump"]) this.find(name).hidden = !targets.length;
  }
}
