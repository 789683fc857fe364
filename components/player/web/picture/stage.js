// The video with the canvas above it, and the exact picture that covers both while nothing plays.

import { ExactFrames } from "./exact.js";
import { Overlay } from "./overlay.js";
import { Unreachable, once, retried } from "../data/requests.js";
import { Zoom } from "./zoom.js";

const MAX_RELOADS = 3; // of a video that could be loaded and is an error again

export class Stage {
  // `onFrame(frame)` is called for each frame of the video that appears, `onEnd` at its end, `onUnplayable` once if
  // this browser cannot play it, `onLost` when it is interrupted because the connection is lost, `onRetry` when the user
  // asks for what could not be loaded.
  constructor(root, { onFrame, onEnd, onUnplayable, onLost, onRetry }) {
    this.root = root;
    this.video = root.querySelector("video");
    this.picture = root.querySelector(".exact");
    this.message = root.querySelector(".message");
    this.overlay = new Overlay(root.querySelector("canvas"));
    this.exact = new ExactFrames();
    this.zoom = new Zoom(this, () => this.place());
    this.fitted = { left: 0, top: 0, width: 0, height: 0 };
    Object.assign(this, { onFrame, onEnd, onUnplayable, onLost, onRetry });
    this.times = null;
    this.source = null;
    this.originS = null; // the browser's time of the first frame
    this.frame = -1; // that the video shows
    this.taken = null; // a VideoFrame: the picture of `frame`
    this.isPlayable = false;
    this.video.onended = () => this.onEnd();
    this.video.onerror = () => this.examine(this.source);
    this.video.onloadedmetadata = () => this.video.videoWidth || this.fail(); // sound alone
    this.fitting = new ResizeObserver(() => this.fit());
    this.fitting.observe(root);
  }

  // Load a video; `size` is [width, height] of its picture.
  load(source, times, size) {
    this.times = times;
    this.aspect = size ? size[0] / size[1] : 16 / 9;
    this.root.style.setProperty("--aspect", this.aspect);
    this.fit();
    if (this.source === source) return;
    this.zoom.reset();
    Object.assign(this, { source, originS: null, frame: -1, isPlayable: Boolean(source), isLost: false, reloads: 0 });
    if (!source) return;
    this.video.src = source;
    if (!this.video.requestVideoFrameCallback) return this.fail();
    this.waitForFrame();
  }

  waitForFrame() {
    if (this.handle) this.video.cancelVideoFrameCallback(this.handle);
    this.handle = this.video.requestVideoFrameCallback((_, { mediaTime }) => {
      this.handle = null;
      this.originS ??= mediaTime; // nothing is sought before the first frame has appeared
      this.take(mediaTime);
      this.waitForFrame();
      this.root.dispatchEvent(new CustomEvent("presented", { detail: this.frame }));
      if (this.pending !== undefined) this.seek(this.pending);
    });
  }

  // Take the frame that is visible now, so that it and its boxes can be drawn together: the browser itself may already
  // show the next one before the boxes of this one.
  take(callbackS) {
    this.release();
    this.taken = currentFrame(this.video);
    const seconds = this.taken ? this.taken.timestamp / 1e6 : callbackS;
    this.frame = this.times.frameAt(seconds - this.originS);
    this.onFrame(this.frame);
  }

  release() {
    this.taken?.close();
    this.taken = null;
  }

  // Move the video to a frame, without showing it instead of an exact picture.
  seek(frame) {
    if (!this.isPlayable) return;
    if (this.originS === null) {
      this.pending = frame;
      return;
    }
    this.pending = undefined;
    if (this.video.seeking) {
      this.next = frame; // the newest one wins
      this.video.onseeked = () => {
        this.video.onseeked = null;
        const next = this.next;
        this.next = undefined;
        if (next !== undefined) this.seek(next);
      };
      return;
    }
    if (frame !== this.frame) this.video.currentTime = this.originS + this.times.middleOf(frame);
  }

  async play() {
    await this.video.play();
  }

  pause() {
    this.video.pause();
  }

  // Cover the video with the exact picture at this address; returns whether it is still the newest.
  async showExact(address, description) {
    let url;
    try {
      url = await this.exact.get(address);
      if (!url) return false;
      const loaded = new Image();
      loaded.src = url;
      await loaded.decode();
    } catch (error) {
      this.picture.hidden = true;
      this.say(error.message, { isFailure: true });
      return true;
    }
    if (this.exact.wanted !== address) return false;
    this.say("");
    this.picture.src = url;
    this.picture.alt = description;
    this.picture.hidden = false;
    this.release();
    return true;
  }

  hideExact() {
    this.exact.cancel();
    this.picture.hidden = true;
    this.say("");
  }

  // A message below the picture; of a failure, with a button to try again.
  say(text, { isFailure = false } = {}) {
    const button = this.message.querySelector("button");
    this.message.querySelector("span").textContent = text;
    this.message.hidden = !text;
    button.hidden = !isFailure;
    button.onclick = () => {
      this.say("");
      this.onRetry();
    };
  }

  // The video is an error: in a format that this browser does not play, or because the connection was lost.
  async examine(source) {
    const wasPlayable = this.originS !== null && this.video.error?.code !== MediaError.MEDIA_ERR_DECODE;
    let attempts = 0;
    try {
      await retried(() => (attempts += 1) && probe(source));
    } catch (error) {
      if (this.source !== source) return;
      if (!(error instanceof Unreachable)) return this.fail();
      this.isLost = true;
      this.onLost();
      return this.say(error.message, { isFailure: true });
    }
    if (this.source !== source || !this.isPlayable) return;
    const isAgain = wasPlayable || attempts > 1;
    if (isAgain && this.reloads < MAX_RELOADS) this.reload();
    else this.fail();
  }

  // Load the same video again, at the frame that it showed.
  reload() {
    this.pending = Math.max(this.pending ?? this.frame, 0);
    Object.assign(this, { originS: null, isLost: false, reloads: this.reloads + 1 });
    this.video.load();
    this.waitForFrame();
    this.onLost();
  }

  fail() {
    if (!this.isPlayable) return;
    this.isPlayable = false;
    this.onUnplayable();
  }

  // Where the picture is in the stage while it is not zoomed: bars may be beside it.
  fit() {
    const { clientWidth: width, clientHeight: height } = this.root;
    if (!width || !this.aspect) return;
    const shown = width / height > this.aspect ? [height * this.aspect, height] : [width, width / this.aspect];
    this.fitted = { left: (width - shown[0]) / 2, top: (height - shown[1]) / 2, width: shown[0], height: shown[1] };
    this.zoom.pan(0, 0);
  }

  // The canvas covers exactly the visible part of the picture.
  place() {
    const { place, transform, isZoomed, scale } = this.zoom;
    const right = Math.min(place.left + place.width, this.root.clientWidth);
    const bottom = Math.min(place.top + place.height, this.root.clientHeight);
    const [left, top] = [Math.max(place.left, 0), Math.max(place.top, 0)];
    const { style } = this.overlay.canvas;
    Object.assign(style, { left: `${left}px`, top: `${top}px`, width: `${right - left}px`, height: `${bottom - top}px` });
    this.overlay.place = { ...place, left: place.left - left, top: place.top - top };
    this.video.style.transform = this.picture.style.transform = transform;
    this.root.classList.toggle("zoomed", isZoomed);
    this.root.querySelector(".scale").textContent = `${Math.round(scale * 100)}%`;
    this.onResize?.();
    this.root.dispatchEvent(new CustomEvent("placed"));
  }

  close() {
    this.release();
    this.fitting.disconnect();
    if (this.handle) this.video.cancelVideoFrameCallback(this.handle);
    this.exact.close();
    this.video.removeAttribute("src");
    this.video.load(); // ends its requests
  }
}

// Throws `Unreachable` if the server does not answer.
function probe(source) {
  return once(source, (response) => response.arrayBuffer(), { headers: { Range: "bytes=0-0" } });
}

// The frame that the video shows now; null without a secure context. A late callback has the time of an earlier one.
function currentFrame(video) {
  try {
    return new VideoFrame(video);
  } catch {
    return null;
  }
}
