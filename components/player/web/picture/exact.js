// Exact pictures of analyzed frames, drawn by the server: the newest request wins, superseded ones are aborted.

import { pause } from "../../../web/requests.js";
import { requested } from "../data/requests.js";

const MAX_KEPT = 32;
const SOON_MS = 15; // a picture that the browser has stored arrives within this time

export class ExactFrames {
  constructor() {
    this.kept = new Map(); // address -> object URL of a decoded picture, the latest at the end
    this.wanted = null;
    this.request = null; // the one that is under way: address, promise, abort
  }

  // An object URL of the picture; null if another one was requested since.
  async get(address) {
    this.wanted = address;
    if (this.request?.address !== address) this.abort();
    try {
      if (!this.keep(address)) await this.load(address);
    } catch (error) {
      if (error.name === "AbortError") return null;
      throw error;
    }
    return this.wanted === address ? this.keep(address) : null;
  }

  // Load a picture that is probably requested next, unless one is being loaded.
  prefetch(address) {
    if (this.request || this.kept.has(address) || !this.wanted) return;
    this.load(address).catch(() => {}); // aborted, or not available: requested again when it is needed
  }

  load(address) {
    if (this.request?.address === address) return this.request.promise;
    const controller = new AbortController();
    const request = { address, abort: () => controller.abort() };
    request.promise = this.loaded(address, controller.signal).finally(() => {
      if (this.request === request) this.request = null;
    });
    this.request = request;
    return request.promise;
  }

  async loaded(address, signal) {
    const blob = await requested(address, (response) => response.blob(), { signal });
    this.keep(address, URL.createObjectURL(blob));
  }

  // Resolves when the picture that is under way has arrived and is being decoded, or soon.
  async arrival() {
    await Promise.race([this.request?.promise.catch(() => {}), pause(SOON_MS)]);
    await pause(0);
  }

  abort() {
    this.request?.abort();
    this.request = null;
  }

  cancel() {
    this.wanted = null;
    this.abort();
  }

  keep(address, url = this.kept.get(address)) {
    if (!url) return null;
    this.kept.delete(address);
    this.kept.set(address, url);
    while (this.kept.size > MAX_KEPT) {
      const [oldest, oldUrl] = this.kept.entries().next().value;
      this.kept.delete(oldest);
      URL.revokeObjectURL(oldUrl);
    }
    return url;
  }

  close() {
    this.cancel();
    for (const url of this.kept.values()) URL.revokeObjectURL(url);
    this.kept.clear();
  }
}
