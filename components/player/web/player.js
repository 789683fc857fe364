// The player: video, boxes, exact frames, timeline and classes around one playhead. Python is asked for nothing while
// it plays or the playhead and the threshold move; it receives the view when it comes to rest.

import { Chart } from "./chart/chart.js";
import { BoxStore } from "./data/boxes.js";
import { ClassList } from "./panel/classes.js";
import { Controls } from "./panel/controls.js";
import { Detections } from "./panel/detections.js";
import { Drawing } from "./picture/drawing.js";
import { Filters } from "./filters.js";
import { Gestures } from "./picture/gestures.js";
import { Keys } from "./panel/keys.js";
import { leave, welcome } from "./guests.js";
import { fetchPacked, unpackText } from "./data/packed.js";
import { PlayableCopy } from "./picture/copy.js";
import { Playhead } from "./playhead.js";
import { Stage } from "./picture/stage.js";
import { SecondModel } from "./picture/second.js";
import { Status } from "./panel/status.js";
import { Times } from "./data/times.js";
import { View } from "./view.js";

const SHAPES = { segmentation: "Outlines", keypoints: "Keypoints", gaze: "Gaze" }; // by kind of results, packed
const SWITCHES = { ...SHAPES, semantic: "Mask" };
const players = new WeakMap();

export function mount(component) {
  const root = component.parentElement.querySelector(".player");
  if (!players.has(root)) players.set(root, new Player(root));
  const player = players.get(root);
  player.update(component).catch((error) => player.fail(error));
  // Streamlit also calls this while the player stays, for a call that newer data has overtaken.
  return () => {
    if (root.isConnected) return;
    player.close();
    players.delete(root);
  };
}

class Player {
  times = null;
  boxes = null;
  masks = null;
  opening = null; // a promise, once something is being loaded; null after a failure

  constructor(root) {
    this.root = root;
    this.view = new View(() => this.playhead.isPlaying);
    this.stage = new Stage(root.querySelector(".stage"), {
      onFrame: (frame) => this.playhead.onFrame(frame),
      onEnd: () => this.playhead.pause(),
      onUnplayable: () => this.onUnplayable(),
      onLost: () => this.playhead.pause(),
      onRetry: () => this.retry(),
    });
    this.status = new Status(root);
    this.playhead = new Playhead(this);
    this.drawing = new Drawing(this);
    this.copy = new PlayableCopy(this);
    this.filters = new Filters(this);
    this.classList = new ClassList(root, {
      onVisible: (names) => this.filters.setVisible(names),
      onThreshold: (value, isAtRest) => this.filters.setThreshold(value, isAtRest),
      onRare: () => this.chart.restyle(),
      onPeak: (entry) => this.playhead.show(entry),
    });
    this.chart = new Chart(root, this, {
      onPress: (seconds) => this.playhead.prepare(seconds),
      onScrub: (seconds) => this.playhead.scrub(seconds),
      onPick: (seconds) => this.playhead.pick(seconds),
      onZoom: (range) => this.filters.setWindow(range),
    });
    this.timeline = this.chart.timeline;
    this.controls = new Controls(root.querySelector(".controls"), this);
    this.keys = new Keys(root, this);
    this.detections = new Detections(root, {
      onPoint: (at) => this.drawing.highlight(at),
      onChoose: (at) => this.drawing.select(at),
    });
    this.gestures = new Gestures(this);
    this.second = new SecondModel(this);
  }

  // New data from Python. What the user has changed since it was computed stays.
  async update(component) {
    const { data } = component;
    const isNew = this.data?.id !== data.id;
    this.data = data;
    const adopted = this.view.receive(component, isNew);
    this.chart.read(data);
    this.classList.setClasses(data.classes, this.chart.meta.rare);
    if (isNew || !this.opening) this.opening = this.open(data);
    await this.opening; // newer data may arrive before: then they are shown, as the first
    if (this.data === data && this.times) this.show(data, adopted);
  }

  // Show what is loaded; `adopted` is what Python has changed of the view.
  show(data, adopted) {
    const isFirst = !this.isShown;
    this.isShown = true;
    for (const store of [this.boxes, this.masks]) store && (store.url = data.view);
    this.classList.setVisible(this.view.classes);
    this.classList.setThreshold(this.view.confidence);
    this.controls.setTargets(this.targets);
    const hasNewFilter = adopted.confidence !== undefined || adopted.classes !== undefined;
    if (isFirst || adopted.entry !== undefined) this.playhead.show(this.view.entry, { commits: false });
    else if (!this.playhead.isPlaying && hasNewFilter) this.playhead.rest();
    if (adopted.isCommand) this.root.scrollIntoView({ block: "nearest" }); // a click is answered where it can be seen
    if (isFirst) this.begin(data);
    else this.chart.draw(data);
  }

  // The first picture and the chart: one is decoded on another thread while the other is drawn on this one.
  async begin(data) {
    welcome(this);
    await this.stage.exact.arrival();
    if (this.data === data) this.chart.draw(data);
  }

  // After a failure, at the request of the user.
  async retry() {
    const { data } = this;
    if (this.stage.isLost) this.stage.reload();
    if (this.times) return this.playhead.rest({ commits: false });
    this.opening = this.open(data);
    await this.opening;
    if (this.data === data && this.times) this.show(data, {});
  }

  // Nothing that fails is kept from the user; where it failed is in the console.
  fail(error) {
    console.error(error);
    this.opening = null;
    this.forget();
    this.setLoading(false);
    this.stage.say(`The player cannot show this view: ${error.message}`, { isFailure: true });
  }

  // Load what stays the same while the view changes.
  async open(data) {
    this.playhead.pause();
    this.setLoading(true);
    this.root.dataset.shown = "";
    this.forget();
    this.isShown = false;
    this.stage.hideExact();
    this.chart.begin(data); // all at once, so that nothing waits for the other
    if (data.video) this.stage.exact.get(this.drawing.addressOf(this.view.entry)).catch(() => {});
    let times;
    try {
      times = new Times(data.times ? unpackText(data.times) : await fetchPacked(`${data.view}times`));
    } catch (error) {
      if (this.data.id !== data.id) return;
      this.opening = null;
      this.setLoading(false);
      this.stage.say(error.message, { isFailure: true });
      return;
    }
    if (this.data.id !== data.id) return;
    this.times = times;
    this.boxes = data.has_boxes ? this.storeOf(data, { withShapes: data.kind in SHAPES }) : null;
    this.masks = data.kind === "semantic" ? this.storeOf(data, { path: "masks" }) : null;
    this.setLoading(false);
    this.root.classList.toggle("without-video", !data.video);
    this.root.classList.toggle("without-boxes", !data.has_boxes);
    this.status.note("");
    this.status.setMissing(false);
    this.loadVideo();
    this.controls.setMuted(this.stage.video.muted);
    this.second.offer(data.others);
    this.controls.offer("shapes", SWITCHES[data.kind]);
    this.controls.offer("boxes", data.has_boxes && "Boxes");
    if (!data.video) this.stage.say("No copy of this video was kept, so its frames cannot be shown.");
  }

  setLoading(isLoading) {
    this.root.classList.toggle("loading", isLoading);
    this.root.setAttribute("aria-busy", isLoading);
  }

  storeOf(data, options) {
    const onLoad = (isMissing) => {
      this.status.setMissing(isMissing);
      this.drawing.draw();
    };
    return new BoxStore(data.view, onLoad, options);
  }

  forget() {
    this.boxes?.close();
    this.masks?.close();
    this.times = this.boxes = this.masks = null;
  }

  // Load what this browser plays of the video.
  loadVideo() {
    const { video } = this.data;
    this.stage.load(video ? this.copy.sourceOf(video) : null, this.times, video?.size);
  }

  // Where the jump buttons can lead: kinds of moments, with their names.
  get targets() {
    const labels = { peak: "Peaks", disagreement: "Disagreements" };
    const known = this.data.targets.map((target) => [target, labels[target]]);
    return this.data.has_boxes ? [...known, ["detection", "Detections"]] : known;
  }

  get entry() {
    return this.playhead.entry;
  }

  get thresholdStep() {
    return Math.round(this.view.confidence * 100);
  }

  isVisible = (code) => this.classList.isVisible(code);

  setSpeed(rate) {
    this.stage.video.playbackRate = this.stage.video.defaultPlaybackRate = rate;
  }

  mute(isMuted) {
    this.stage.video.muted = isMuted;
    this.controls.setMuted(isMuted);
  }

  onUnplayable() {
    this.playhead.playStills();
    this.copy.prepare();
  }

  toggleFullscreen() {
    const theater = this.root.querySelector(".theater");
    if (document.fullscreenElement) document.exitFullscreen();
    else theater.requestFullscreen?.();
  }

  async copyLink() {
    this.view.send();
    try {
      await navigator.clipboard.writeText(this.view.link);
      this.status.tell("Link copied.");
    } catch {
      // Not over plain HTTP, or not permitted.
      this.status.tell("This browser does not allow copying here. Copy the address of the page.");
    }
  }

  close() {
    leave(this);
    this.playhead.stop();
    this.forget();
    this.copy.close();
    this.gestures.close();
    this.second.close();
    this.view.close();
    this.stage.close();
    this.chart.close();
    this.keys.close();
  }
}
