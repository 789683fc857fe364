// The upload of one file: in chunks, resumed after a dropped connection or a reload, skipped if the server has the file.

const MAX_FAILURES = 30; // consecutive ones without progress, about seven minutes
const SPEED_WINDOW_MS = 6_000;

class Upload {
  phase = "queued"; // active: comparing, sending, waiting, checking; otherwise paused, done, failed or gone
  url = null;
  video = null; // sha256 of the stored video
  sentBytes = 0;
  comparedBytes = 0;
  resumedAt = 0;
  wasKnown = false;
  reason = "";
  run = 0; // number of the current run; runs with a lower number have been stopped
  samples = [];

  constructor(file, uploader) {
    this.file = file;
    this.uploader = uploader;
    this.digest = new BlockDigest(file);
  }

  get isActive() {
    return ["comparing", "sending", "waiting", "checking"].includes(this.phase);
  }

  isOf(file) {
    return ["name", "size", "lastModified"].every((trait) => file[trait] === this.file[trait]);
  }

  async go() {
    const run = ++this.run;
    this.samples = [];
    this.reason = "";
    this.show("sending");
    try {
      const video = await this.transfer(run);
      if (run !== this.run) return;
      this.video = video;
      this.sentBytes = this.file.size;
      remember(this.fingerprint, null);
      this.show("done");
    } catch (error) {
      if (run !== this.run) return;
      if ([413, 422].includes(error.status)) this.forget(); // the server has discarded it
      this.reason = error.message;
      this.show(error.isTemporary ? "paused" : "failed");
    }
    this.uploader.update();
  }

  // Stop sending; the server keeps what it has received.
  stop(phase) {
    this.run++;
    this.request?.abort();
    if (phase === "paused" && this.url) this.note(this.sentBytes);
    this.show(phase);
    this.uploader.update();
  }

  discard() {
    if (this.phase !== "done" && this.url) send("DELETE", this.url).catch(() => {}); // the server removes stale uploads
    if (this.fingerprint) remember(this.fingerprint, null);
    this.stop("gone");
  }

  async transfer(run) {
    this.fingerprint ??= await fingerprintOf(this.file);
    if (!this.url) this.url = remembered()[this.fingerprint]?.url ?? null;
    for (let failures = 0, furthest = 0; ; ) {
      try {
        let offset = await this.begin(run);
        if (this.video) return this.video;
        for (;;) {
          if (offset > furthest) [failures, furthest] = [0, offset];
          const answer = await this.sendChunk(run, offset);
          if (videoOf(answer)) return videoOf(answer);
          offset = offsetOf(answer);
          this.note(offset);
        }
      } catch (error) {
        if (!(error instanceof Dropped) || run !== this.run) throw error;
        await read(this.file, 0, 1);
        if (++failures > MAX_FAILURES) {
          const reason = "The server cannot be reached. Resume when it is available again.";
          throw Object.assign(new Refused(reason), { isTemporary: true });
        }
        this.show("waiting");
        await pause(Math.min(15_000, 250 * 2 ** failures) * (0.75 + Math.random() / 2));
        if (run !== this.run) throw error;
      }
    }
  }

  // The offset to continue from: that of the upload on the server, or 0 for a new one.
  async begin(run) {
    const offset = this.url ? await this.fetchOffset(run) : null;
    if (offset !== null || this.video) return offset;
    this.resumedAt = 0;
    await this.create(run);
    return 0;
  }

  async fetchOffset(run) {
    try {
      const answer = await this.send(run, "HEAD", this.url);
      this.video = videoOf(answer);
      if (!this.samples.length) this.resumedAt = offsetOf(answer);
      this.note(offsetOf(answer));
      return offsetOf(answer);
    } catch (error) {
      if (error.status !== 404) throw error;
      this.forget();
      return null;
    }
  }

  forget() {
    this.url = null;
    remember(this.fingerprint, null);
  }

  async create(run) {
    const address = new URL("frametally/uploads/", document.baseURI);
    const post = (digest) => {
      const name = toBase64(new TextEncoder().encode(this.file.name));
      const headers = { Authorization: `Bearer ${this.uploader.ticket}`, "Upload-Length": this.file.size };
      if (digest) headers["Frametally-Digest"] = digest;
      return this.send(run, "POST", address, { headers: { ...headers, "Upload-Metadata": `filename ${name}` } });
    };
    const answer = await post(CAN_DIGEST ? "ask" : "").catch(async (error) => {
      if (error.status !== 428) throw error;
      return post(await this.compare(run));
    });
    this.video = videoOf(answer);
    this.wasKnown = Boolean(this.video);
    if (this.video) return;
    this.url = new URL(answer.getResponseHeader("Location"), address).href;
    this.note(0);
  }

  compare(run) {
    return this.digest.whole((bytes) => {
      if (run !== this.run) throw new Dropped();
      this.comparedBytes = bytes;
      this.show("comparing");
    });
  }

  async sendChunk(run, offset) {
    const end = Math.min((Math.floor(offset / BLOCK_BYTES) + 1) * BLOCK_BYTES, this.file.size);
    const isLast = end === this.file.size;
    const headers = { "Upload-Offset": offset, "Content-Type": "application/offset+octet-stream" };
    if (CAN_DIGEST && offset < end) headers["Upload-Checksum"] = `sha256 ${toBase64(await this.digest.ofChunk(offset))}`;
    if (CAN_DIGEST && isLast) headers["Frametally-Digest"] = await this.digest.whole();
    const onSent = (bytes) => {
      if (run !== this.run) return;
      this.sentBytes = Math.min(offset + bytes, end);
      this.sample();
      this.show(isLast && bytes >= end - offset ? "checking" : "sending");
    };
    onSent(0);
    const body = this.file.slice(offset, end); // Chromium sends a file slice ten times as fast as bytes from a script
    return this.send(run, "PATCH", this.url, { headers, body, onSent });
  }

  async send(run, method, url, options = {}) {
    if (run !== this.run) throw new Dropped();
    return send(method, url, { ...options, onOpen: (request) => (this.request = request) });
  }

  note(offset) {
    this.sentBytes = offset;
    const { name, size } = this.file;
    remember(this.fingerprint, { url: this.url, name, size, sent: offset });
  }

  sample() {
    const now = performance.now();
    this.samples.push([now, this.sentBytes]);
    while (now - this.samples[0][0] > SPEED_WINDOW_MS) this.samples.shift();
  }

  get bytesPerS() {
    if (this.samples.length < 2) return 0;
    const [[start, first], [end, last]] = [this.samples[0], this.samples.at(-1)];
    return end - start > 500 ? Math.max(0, ((last - first) * 1000) / (end - start)) : 0;
  }

  show(phase) {
    const isSame = phase === this.phase;
    this.phase = phase;
    if (isSame && performance.now() - this.shownAt < 150) return;
    this.shownAt = performance.now();
    this.uploader.draw(this, isSame);
  }
}
