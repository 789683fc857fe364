// The playhead: the frame that is shown, by steps, jumps and drags, or while the video plays.

import { nextDetection, nextMoment } from "./data/search.js";
import { Stills } from "./picture/stills.js";

export class Playhead {
  entry = 0;
  isPlaying = false;
  isScrubbing = false;

  constructor(player) {
    this.player = player;
    this.stills = new Stills(player);
  }

  // Moving

  show(entry, options) {
    const { times, drawing } = this.player;
    if (!times?.entries) return;
    if (this.isPlaying) this.stop();
    this.isScrubbing = false;
    drawing.forget();
    this.entry = Math.min(Math.max(entry, 0), times.entries - 1);
    this.rest(options);
  }

  step(way) {
    this.show(this.entry + way);
  }

  async jump(way, target = this.player.controls.target.value) {
    const { player, entry: from } = this;
    try {
      const entry = target === "detection" ? await nextDetection(player, way) : await nextMoment(player, target, way);
      if (entry !== null && from === this.entry) this.show(entry);
      else if (entry === null) player.status.tell(way > 0 ? "There is no later one." : "There is no earlier one.");
    } catch (error) {
      player.status.tell(error.message);
    }
  }

  scrub(seconds) {
    const { times, stage } = this.player;
    if (!times) return;
    if (this.isPlaying) this.stop();
    this.isScrubbing = true;
    this.entry = times.entryNear(seconds);
    this.tell(seconds, times.frame[this.entry]);
    if (stage.isPlayable) {
      stage.hideExact();
      stage.seek(times.frameAt(seconds));
    }
  }

  // Load the frame that a click shows while the button is still down.
  prepare(seconds) {
    const { times, stage, drawing, data } = this.player;
    if (times?.entries && data.video) stage.exact.prefetch(drawing.addressOf(times.entryNear(seconds)));
  }

  pick(seconds) {
    const { times } = this.player;
    if (times) this.show(times.entryNear(seconds));
  }

  // Show a position on the timeline and beside the buttons.
  tell(seconds, frame) {
    const { timeline, controls, times } = this.player;
    timeline.moveTo(seconds);
    controls.setTime(seconds, times.durationS, frame);
  }

  // Resting

  // Show the exact frame of the playhead.
  async rest({ commits = true } = {}) {
    const { entry, player } = this;
    const { times, stage, root, drawing, status } = player;
    root.dataset.entry = entry;
    root.dataset.shown = "";
    this.tell(times.timeS[entry], times.frame[entry]);
    drawing.draw();
    if (commits) player.view.rest({ entry });
    if (!player.data.video) return this.settle();
    const isNewest = await stage.showExact(drawing.addressOf(entry), status.describe(times, entry));
    if (!isNewest || this.isPlaying) return;
    // Not before: both decode from the keyframe before, and the exact picture is what is waited for.
    if (times.isInFile(entry)) stage.seek(times.frame[entry]);
    this.settle();
  }

  settle() {
    const { times, stage, root, drawing, status, data } = this.player;
    root.dataset.shown = this.entry;
    status.resting(times, this.entry);
    drawing.draw();
    const next = this.entry + 1;
    if (data.video && next < times.entries) stage.exact.prefetch(drawing.addressOf(next));
  }

  // Playing

  // A frame of the video has appeared.
  onFrame(frame) {
    const { times, stage, drawing } = this.player;
    if (this.isPlaying || this.isScrubbing) {
      if (this.isPlaying && !stage.picture.hidden) stage.hideExact();
      this.entry = Math.max(times.entryAt(frame), 0);
      this.tell(times.frameS[frame], frame);
    }
    drawing.draw();
  }

  async play() {
    const { times, stage, controls, drawing, view, root, data } = this.player;
    if (!times || this.isPlaying || !data.video) return;
    const isAtEnd = this.entry >= times.entries - 1;
    if (isAtEnd) this.entry = 0;
    drawing.forget();
    this.isPlaying = true;
    root.dataset.shown = "";
    controls.setPlaying(true);
    view.hold();
    if (!stage.isPlayable) return this.stills.play();
    if (isAtEnd || times.isInFile(this.entry)) stage.seek(times.frame[this.entry]);
    try {
      await stage.play();
    } catch {
      this.pause(); // the browser has refused, or the user has paused at once
    }
  }

  // Go on with exact frames, one after another.
  playStills() {
    if (this.isPlaying) this.stills.play();
  }

  // Stop and show the exact frame whose boxes are held.
  pause() {
    if (!this.isPlaying) return;
    this.stop();
    this.rest();
  }

  stop() {
    this.isPlaying = false;
    this.player.stage.pause();
    this.player.controls.setPlaying(false);
  }

  toggle() {
    if (this.isPlaying) this.pause();
    else this.play();
  }
}
