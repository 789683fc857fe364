// Exact pictures of analyzed frames, drawn by the server: the newest request wins, superseded ones are aborted.

import { requested } from "../data/requests.js";

const MAX_KEPT = 32;

export class ExactFrames {
  constructor() {
    this.kept = new Map(); // address -> object URL of a decoded picture, the latest at the end
    this.wanted = null;
    this.request = null;
  }

  // An object URL of the picture; null if another one was requested since.
  async get(address) {
    this.wanted = address;
    this.request?.abort();
    const known = this.keep(address);
    if (known) return known;
    const request = (this.request = new AbortController());
    try {
      const blob = await requested(address, (response) => response.blob(), { signal: request.signal });
      this.keep(address, URL.createObjectURL(blob));
    } catch (error) {
      if (request.signal.aborted) return null;
      throw error;
    }
    return this.wanted === address ? this.keep(address) : null;
  }

  // Load a picture that is probably requested next, unless one is being loaded.
  async prefetch(address) {
    if (this.kept.has(address) || !this.wanted) return;
    const request = (this.request = new AbortController());
    try {
      const response = await fetch(address, { signal: request.signal });
      if (response.ok) this.keep(address, URL.createObjectURL(await response.blob()));
    } catch {
      // Aborted, or not available: requested again when it is needed.
    }
  }

  cancel() {
    this.wanted = null;
    this.request?.abort();
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
