// A copy of the video in H.264, which the server makes when this browser cannot play the original.

import { checked } from "../data/requests.js";

const POLL_MS = 1000;
const MAX_FAILURES = 2; // of the original and its copy

export class PlayableCopy {
  constructor(player) {
    this.player = player;
    this.addresses = new Map(); // id of a video -> address of its copy
    this.failures = new Map(); // id of a video -> how often it could not be played
    this.preparing = null; // id of a video
  }

  // What to play of a video: its copy, if the original has turned out to be unplayable.
  sourceOf(video) {
    return this.addresses.get(video.id) ?? video.url;
  }

  // The browser cannot play what it has loaded: ask for the copy until it is there. Exact frames are shown until then.
  async prepare() {
    const { data, status } = this.player;
    const { id } = data.video;
    if (this.preparing === id) return;
    const failures = this.failures.get(id) ?? 0;
    this.failures.set(id, failures + 1);
    if (failures >= MAX_FAILURES) return status.note(`This browser cannot play this video. ${ONE_BY_ONE}`);
    this.addresses.delete(id); // it may have been removed to make room
    this.preparing = id;
    status.announce("Preparing a copy that this browser plays.");
    try {
      for (let state; this.isWanted(id); await wait(POLL_MS)) {
        state = await this.ask(state);
        if (!this.isWanted(id)) return;
        if (state.status === "done") return this.play(id, state.url);
        if (state.status === "failed") throw new Error(state.message);
        status.note(progressOf(state));
      }
    } catch (error) {
      if (this.isWanted(id)) status.note(`This browser cannot play this video. ${error.message} ${ONE_BY_ONE}`);
    } finally {
      if (this.preparing === id) this.preparing = null;
    }
  }

  isWanted(id) {
    return this.preparing === id && this.player.data.video?.id === id;
  }

  // The state of the copy; `before`, if the server does not respond.
  async ask(before = { status: "waiting" }) {
    let response;
    try {
      response = await fetch(`${this.player.data.view}copy`, { method: "POST" });
    } catch {
      return before;
    }
    return (await checked(response)).json();
  }

  // Load the copy, and go on playing if frames are being played one by one.
  play(id, address) {
    const { status, playhead, stage } = this.player;
    const goesOn = playhead.isPlaying;
    this.addresses.set(id, address);
    playhead.pause();
    status.note("");
    this.player.loadVideo();
    const { entry } = playhead;
    const frame = Math.min(this.player.times.frame[entry], this.player.times.frameS.length - 1);
    stage.seek(frame);
    if (!goesOn) return status.announce("The video can be played now.");
    const resume = () => {
      if (stage.frame !== frame && playhead.entry === entry) return;
      stage.root.removeEventListener("presented", resume);
      playhead.play();
    };
    stage.root.addEventListener("presented", resume);
  }

  close() {
    this.preparing = null;
  }
}

const ONE_BY_ONE = "The analyzed frames are shown one by one instead.";

function progressOf({ status, share }) {
  const progress = status === "running" ? `${Math.round(share * 100)}%` : "waiting for others";
  return `Preparing a copy that this browser plays · ${progress}`;
}

function wait(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
