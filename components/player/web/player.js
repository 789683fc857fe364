// The player: video, boxes, exact frames, timeline and classes around one playhead. Python is asked for nothing while
// it plays or the playhead and the threshold move; it receives the view when it comes to rest.

import { Chart } from "./chart/chart.js";
import { BoxStore } from "./data/boxes.js";
import { ClassList } from "./panel/classes.js";
import { Controls } from "./panel/controls.js";
import { Detections } from "./panel/detections.js";
import { nextDetection, nextMoment } from "./data/search.js";
import { Keys } from "./panel/keys.js";
import { fetchPacked } from "./data/packed.js";
import { Stage } from "./picture/stage.js";
import { Times } from "./data/times.js";
import { Status } from "./panel/status.js";
import { Stills } from "./picture/stills.js";
import { View } from "./view.js";

const players = new WeakMap();

export function mount(component) {
  const root = component.parentElement.querySelector(".player");
  if (!players.has(root)) players.set(root, new Player(root));
  const player = players.get(root);
  player.update(component);
  return () => {
    player.close();
    players.delete(root);
  };
}

class Player {
  entry = 0;
  isPlaying = false;
  isScrubbing = false;
  switches = { withBoxes: true, withLabels: true };
  highlighted = -1;
  times = null;
  boxes = null;

  constructor(root) {
    this.root = root;
    this.view = new View(() => this.isPlaying);
    this.stage = new Stage(root.querySelector(".stage"), {
      onFrame: (frame) => this.onFrame(frame),
      onEnd: () => this.pause(),
      onUnplayable: () => this.onUnplayable(),
    });
    this.stage.onResize = () => this.drawBoxes();
    this.classList = new ClassList(root, {
      onVisible: (names) => this.setVisible(names),
      onThreshold: (value, isAtRest) => this.setThreshold(value, isAtRest),
    });
    this.chart = new Chart(root.querySelector(".timeline"), this, {
      onScrub: (seconds) => this.scrub(seconds),
      onPick: (seconds) => this.pick(seconds),
      onZoom: (range) => this.zoom(range),
    });
    this.timeline = this.chart.timeline;
    this.controls = new Controls(root.querySelector(".controls"), this);
    this.keys = new Keys(root, this);
    this.status = new Status(root);
    this.detections = new Detections(root, (at) => this.highlight(at));
    this.stills = new Stills(this);
    this.bindStage();
  }

  bindStage() {
    const { canvas } = this.stage.overlay;
    canvas.onclick = () => this.toggle();
    canvas.onpointermove = ({ clientX, clientY }) => this.highlight(this.stage.overlay.boxAt(clientX, clientY));
    canvas.onpointerleave = () => this.highlight(-1);
  }

  // New data from Python. What the user has changed since it was computed stays.
  async update(component) {
    const { data } = component;
    const isNew = this.data?.id !== data.id;
    this.data = data;
    const adopted = this.view.receive(component, isNew);
    this.classList.setClasses(data.classes);
    if (isNew) await this.open(data);
    if (this.data !== data || !this.times) return;
    this.boxes && (this.boxes.url = data.view);
    this.classList.setVisible(this.view.classes);
    this.classList.setThreshold(this.view.confidence);
    this.controls.setTargets(this.targets);
    if (isNew || adopted.entry !== undefined) this.show(this.view.entry, { commits: false });
    else if (!this.isPlaying && (adopted.confidence !== undefined || adopted.classes !== undefined)) this.rest();
    if (adopted.isCommand) this.root.scrollIntoView({ block: "nearest" }); // a click is answered where it can be seen
    this.chart.draw(data, isNew).catch((error) => this.status.announce(error.message));
  }

  // Load what stays the same while the view changes.
  async open(data) {
    this.pause();
    this.root.classList.add("loading");
    this.root.dataset.shown = "";
    this.times = this.boxes = null;
    this.stage.hideExact();
    let times;
    try {
      times = new Times(await fetchPacked(`${data.view}times`));
    } catch (error) {
      this.stage.say(error.message);
      return;
    }
    if (this.data.id !== data.id) return;
    this.times = times;
    this.boxes = data.has_boxes ? new BoxStore(data.view, () => this.drawBoxes()) : null;
    this.root.classList.remove("loading");
    this.root.classList.toggle("without-video", !data.video);
    this.stage.load(data.video?.url ?? null, times, data.video?.size, data.video?.id);
    this.controls.setMuted(this.stage.video.muted);
    if (!data.video) this.stage.say("No copy of this video was kept, so its frames cannot be shown.");
  }

  get targets() {
    const labels = { peak: "Peaks", disagreement: "Disagreements" };
    const known = this.data.targets.map((target) => [target, labels[target]]);
    return this.data.has_boxes ? [...known, ["detection", "Detections"]] : known;
  }

  get thresholdStep() {
    return Math.round(this.view.confidence * 100);
  }

  isVisible = (code) => this.classList.isVisible(code);

  // The boxes that are displayed for an entry; null while they load, none where it was not analyzed.
  boxesAt(entry) {
    if (!this.boxes || entry < 0 || !this.times.isAnalyzed(entry)) return [];
    return this.boxes.at(entry, this.thresholdStep, this.isVisible);
  }

  // Drawing

  onFrame(frame) {
    if (this.isPlaying || this.isScrubbing) {
      const entry = this.times.entryAt(frame);
      const seconds = this.times.frameS[frame];
      if (this.isPlaying && this.stage.picture.hidden === false) this.stage.hideExact();
      this.entry = Math.max(entry, 0);
      this.timeline.moveTo(seconds);
      this.controls.setTime(seconds, this.times.durationS, frame);
    }
    this.drawBoxes();
  }

  // Draw the boxes of the frame that is visible; over an exact picture, only the box that is pointed at.
  drawBoxes() {
    if (!this.times) return;
    const isExact = !this.stage.picture.hidden;
    const entry = isExact ? this.entry : this.times.entryAt(this.stage.frame);
    const boxes = this.boxesAt(entry) ?? [];
    const { withBoxes, withLabels } = this.switches;
    const draws = !isExact || this.isPlain;
    this.stage.overlay.draw(boxes, this.classList.classes, {
      withBoxes: withBoxes && draws,
      withLabels,
      highlighted: this.highlighted,
      picture: isExact ? null : this.stage.taken,
    });
    this.root.dataset.frame = this.stage.frame;
    this.root.dataset.overlay = draws ? entry : "";
    if (!isExact && (this.isPlaying || this.isScrubbing)) this.status.playing(this.times, this.stage.frame, entry);
    if (!this.isPlaying) this.detections.show(boxes, this.classList.classes);
  }

  // Whether exact pictures come without detections, because not everything is switched on.
  get isPlain() {
    return !(this.switches.withBoxes && this.switches.withLabels);
  }

  addressOf(entry) {
    return `${this.data.view}frames/${entry}.jpg?${this.isPlain ? "plain" : this.view.filter}`;
  }

  // Show the exact frame of the playhead.
  async rest({ commits = true } = {}) {
    const { entry, times } = this;
    this.root.dataset.entry = entry;
    this.root.dataset.shown = "";
    this.timeline.moveTo(times.timeS[entry]);
    this.controls.setTime(times.timeS[entry], times.durationS, times.frame[entry]);
    this.drawBoxes();
    if (commits) this.view.rest({ entry });
    if (!this.data.video) return this.settle();
    if (times.isInFile(entry)) this.stage.seek(times.frame[entry]);
    const isNewest = await this.stage.showExact(this.addressOf(entry), this.status.describe(times, entry));
    if (isNewest && !this.isPlaying) this.settle();
  }

  settle() {
    this.root.dataset.shown = this.entry;
    this.status.resting(this.times, this.entry);
    this.drawBoxes();
    const next = this.entry + 1;
    if (this.data.video && next < this.times.entries) this.stage.exact.prefetch(this.addressOf(next));
  }

  // Moving the playhead

  show(entry, options) {
    if (!this.times?.entries) return;
    if (this.isPlaying) this.stop();
    this.isScrubbing = false;
    this.highlighted = -1;
    this.entry = Math.min(Math.max(entry, 0), this.times.entries - 1);
    this.rest(options);
  }

  step(way) {
    this.show(this.entry + way);
  }

  async jump(way, target = this.controls.target.value) {
    const { entry: from } = this;
    try {
      const entry = target === "detection" ? await nextDetection(this, way) : await nextMoment(this, target, way);
      if (entry !== null && from === this.entry) this.show(entry);
      else if (entry === null) this.status.announce(way > 0 ? "There is no later one." : "There is no earlier one.");
    } catch (error) {
      this.status.announce(error.message);
    }
  }

  scrub(seconds) {
    if (!this.times) return;
    if (this.isPlaying) this.stop();
    this.isScrubbing = true;
    this.entry = this.times.entryNear(seconds);
    this.timeline.moveTo(seconds);
    this.controls.setTime(seconds, this.times.durationS, this.times.frame[this.entry]);
    if (this.stage.isPlayable) {
      this.stage.hideExact();
      this.stage.seek(this.times.frameAt(seconds));
    }
  }

  pick(seconds) {
    if (this.times) this.show(this.times.entryNear(seconds));
  }

  zoom(range) {
    this.view.window = range;
    if (range) this.timeline.plot.zoom(range);
    this.view.rest({ window: range });
  }

  // Playing

  async play() {
    if (!this.times || this.isPlaying || !this.data.video) return;
    const isAtEnd = this.entry >= this.times.entries - 1;
    if (isAtEnd) this.entry = 0;
    this.isPlaying = true;
    this.root.dataset.shown = "";
    this.controls.setPlaying(true);
    this.view.hold();
    if (!this.stage.isPlayable) return this.stills.play();
    if (isAtEnd) this.stage.seek(this.times.frame[this.entry]);
    try {
      await this.stage.play();
    } catch {
      this.pause(); // the browser has refused, or the user has paused at once
    }
  }

  // Stop and show the exact frame whose boxes are held.
  pause() {
    if (!this.isPlaying) return;
    this.stop();
    this.rest();
  }

  stop() {
    this.isPlaying = false;
    this.stage.pause();
    this.controls.setPlaying(false);
  }

  toggle() {
    if (this.isPlaying) this.pause();
    else this.play();
  }

  setSpeed(rate) {
    this.stage.video.playbackRate = this.stage.video.defaultPlaybackRate = rate;
  }

  mute(isMuted) {
    this.stage.video.muted = isMuted;
    this.controls.setMuted(isMuted);
  }

  onUnplayable() {
    this.status.unplayable();
    if (this.isPlaying) this.stills.play();
  }

  // Filters

  setVisible(names) {
    this.view.classes = names;
    this.refilter();
    this.view.rest({ classes: names });
  }

  setThreshold(value, isAtRest = true) {
    this.view.confidence = value;
    this.refilter(isAtRest);
    if (isAtRest) this.view.rest({ confidence: value });
  }

  moveThreshold(change) {
    const value = Math.round(Math.min(Math.max(this.view.confidence + change, 0), 1) * 100) / 100;
    this.classList.setThreshold(value);
    this.setThreshold(value);
  }

  // The view has changed: draw chart and boxes; the exact frame when the change is at rest.
  refilter(isAtRest = true) {
    if (!this.times) return;
    this.chart.scheduleRestyle();
    if (this.isPlaying) return this.drawBoxes();
    if (isAtRest) return this.rest({ commits: false });
    if (this.stage.isPlayable) this.stage.hideExact();
    this.drawBoxes();
  }

  // Other

  highlight(at) {
    if (at === this.highlighted || this.isPlaying) return;
    this.highlighted = at;
    this.detections.mark(at);
    this.drawBoxes();
  }

  switch(change) {
    Object.assign(this.switches, change);
    this.controls.press("boxes", this.switches.withBoxes);
    this.controls.press("labels", this.switches.withLabels);
    if (this.isPlaying) this.drawBoxes();
    else if (this.times) this.rest({ commits: false });
  }

  toggleFullscreen() {
    const theater = this.root.querySelector(".theater");
    if (document.fullscreenElement) document.exitFullscreen();
    else theater.requestFullscreen?.();
  }

  async copyLink() {
    this.view.send();
    await navigator.clipboard?.writeText(location.href);
    this.status.announce("Link copied.");
  }

  close() {
    this.stop();
    this.view.close();
    this.stage.close();
    this.chart.close();
    this.keys.close();
  }
}
