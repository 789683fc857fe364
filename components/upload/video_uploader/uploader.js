// The queue of uploads to /frametally/uploads/, one at a time; Python receives the sha256 of each uploaded video.
// A queue belongs to its key, not to the elements on the page, so it continues across reruns and page changes.

const uploaders = (window.frametallyUploaders ??= new Map());

export default function mount(component) {
  const { key, ticket, hint } = component.data;
  if (!uploaders.has(key)) uploaders.set(key, new Uploader());
  const uploader = uploaders.get(key);
  const root = component.parentElement.querySelector(".uploader");
  uploader.ticket = ticket;
  root.querySelector(".hint").textContent = hint;
  uploader.attach(root, component);
  // Streamlit also calls this while the elements stay, for a call that newer data has overtaken.
  return () => root.isConnected || uploader.detach(root);
}

class Uploader {
  uploads = [];
  arrived = []; // sha256 of each uploaded video, in the order of completion
  root = null;
  folderText = "";

  attach(root, component) {
    this.root = root;
    this.rows = new Map();
    this.report = () => component.setStateValue("arrived", this.arrived);
    this.bind();
    root.querySelector(".list").replaceChildren();
    this.uploads.forEach((upload) => this.draw(upload, true));
    this.showFolder(this.folderText);
    this.drawQueue();
    if (this.arrived.length && this.reportedKey !== component.key) this.report();
    this.reportedKey = component.key;
  }

  detach(root) {
    if (this.root === root) this.root = this.report = null;
  }

  bind() {
    const input = this.root.querySelector("input");
    input.onchange = () => {
      this.add([...input.files]);
      this.showFolder("");
      input.value = ""; // allows the same file to be chosen again
    };
    this.root.ondragover = (event) => {
      event.preventDefault();
      this.root.classList.add("over");
    };
    this.root.ondragleave = (event) => {
      if (!this.root.contains(event.relatedTarget)) this.root.classList.remove("over");
    };
    this.root.ondrop = async (event) => {
      event.preventDefault();
      this.root.classList.remove("over");
      try {
        const found = await filesOf(event.dataTransfer, this.suffixes);
        this.add(found.files);
        this.showFolder(found.folders ? foundIn(found) : "");
      } catch {
        this.showFolder("The folder could not be read. Drop it again, or choose its files.");
      }
    };
    this.root.querySelector(".folder").onclick = () => this.chooseFolder();
  }

  get suffixes() {
    return this.root.querySelector("input").accept.split(",");
  }

  chooseFolder() {
    this.folder = Object.assign(document.createElement("input"), { type: "file", webkitdirectory: true });
    this.folder.onchange = () => {
      const path = (file) => file.webkitRelativePath;
      const found = videosOf([...this.folder.files].sort((one, other) => byName(path(one), path(other))), this.suffixes);
      this.add(found.files);
      this.showFolder(foundIn(found));
    };
    this.folder.click();
  }

  // The result of reading a folder.
  showFolder(text) {
    this.folderText = text;
    if (this.root) this.root.querySelector(".found").textContent = text;
  }

  add(files) {
    for (const file of files) {
      const known = this.uploads.find((upload) => upload.isOf(file) && upload.phase !== "done");
      if (known && (known.isActive || known.phase === "queued")) continue;
      if (known) this.remove(known);
      const upload = new Upload(file, this);
      upload.url = known?.url ?? null;
      this.uploads.push(upload);
      this.draw(upload);
    }
    this.update();
  }

  remove(upload) {
    this.uploads = this.uploads.filter((other) => other !== upload);
    this.rows.get(upload)?.remove();
    this.rows.delete(upload);
  }

  // An upload ended, began or was stopped: report what is new and start the next one.
  update() {
    const added = this.uploads.filter((upload) => upload.video && !this.arrived.includes(upload.video));
    const kept = this.arrived.filter((video) => this.uploads.some((upload) => upload.video === video));
    if (added.length || kept.length < this.arrived.length) {
      this.arrived = [...new Set([...kept, ...added.map((upload) => upload.video)])];
      this.report?.();
    }
    if (!this.uploads.some((upload) => upload.isActive)) this.next();
    const isBusy = this.uploads.some((upload) => upload.isActive);
    window[isBusy ? "addEventListener" : "removeEventListener"]("beforeunload", warn);
    this.drawQueue();
  }

  next() {
    const upload = this.uploads.find(({ phase }) => phase === "queued");
    upload?.go();
    if (!upload || !this.root) return;
    const list = this.root.querySelector(".list");
    list.scrollTop = this.row(upload).offsetTop - list.offsetTop;
  }

  draw(upload, isQuiet = false) {
    if (upload.phase === "gone") this.remove(upload);
    else if (this.root) drawRow(this.row(upload), upload);
    if (this.root && !isQuiet) this.root.querySelector("[role=status]").textContent = announcementOf(upload);
    if (this.root) this.root.querySelector(".total").textContent = totalOf(this.uploads);
  }

  row(upload) {
    if (!this.rows.has(upload)) {
      const row = this.root.querySelector("template").content.firstElementChild.cloneNode(true);
      const on = (name, act) => (row.querySelector(`.${name}`).onclick = act);
      on("pause", () => upload.stop("paused"));
      on("resume", () => upload.stop("queued"));
      on("cancel", () => upload.discard());
      this.root.querySelector(".list").append(row);
      this.rows.set(upload, row);
    }
    return this.rows.get(upload);
  }

  drawQueue() {
    if (!this.root) return;
    this.root.classList.toggle("empty", !this.uploads.length);
    const others = Object.values(remembered()).filter(
      (entry) => entry.sent && !this.uploads.some(({ file }) => file.name === entry.name && file.size === entry.size),
    );
    const lines = others.slice(-3).map(({ name, size, sent }) => {
      const line = document.createElement("p");
      line.textContent = `${percentOf(sent, size)}% of ${name} uploaded. Choose the file again to resume.`;
      return line;
    });
    this.root.querySelector(".unfinished").replaceChildren(...lines);
  }
}

function drawRow(row, upload) {
  const { file, phase } = upload;
  const done = phase === "comparing" ? upload.comparedBytes : upload.sentBytes;
  const set = (selector, text) => (row.querySelector(selector).textContent = text);
  const hadFocus = row.dataset.phase !== phase && row.contains(row.getRootNode().activeElement);
  row.dataset.phase = phase;
  set(".name", file.name);
  set(".facts", factsOf(upload));
  set(".reason", upload.reason);
  set(".resume", phase === "failed" ? "Try again" : "Resume");
  set(".cancel", ["done", "failed", "queued"].includes(phase) ? "Remove" : "Cancel");
  for (const button of row.querySelectorAll("button")) button.setAttribute("aria-label", `${button.textContent} ${file.name}`);
  const bar = row.querySelector(".bar");
  bar.setAttribute("aria-label", `Upload of ${file.name}`);
  bar.setAttribute("aria-valuenow", percentOf(done, file.size));
  bar.firstElementChild.style.width = `${percentOf(done, file.size)}%`;
  if (hadFocus) row.querySelector({ paused: ".resume", sending: ".pause" }[phase] ?? ".cancel").focus();
}

function factsOf(upload) {
  const { file, sentBytes, resumedAt, bytesPerS, phase } = upload;
  const size = formatSize(file.size);
  const share = `${percentOf(sentBytes, file.size)}% of ${size}`;
  const rest = (file.size - sentBytes) / bytesPerS;
  const speed = bytesPerS ? [`${formatSize(bytesPerS, 2)}/s`, formatTimeLeft(rest)] : [];
  const resumed = resumedAt ? [`resumed at ${percentOf(resumedAt, file.size)}%`] : [];
  const facts = {
    queued: [size, "Queued"],
    comparing: [size, `Checking for an earlier upload… ${percentOf(upload.comparedBytes, file.size)}%`],
    sending: [share, ...speed, ...resumed],
    waiting: [share, "Connection lost, retrying…"],
    checking: [size, "Checking the video…"],
    paused: [share, "Paused"],
    done: [size, upload.wasKnown ? "Already uploaded" : "Ready"],
  };
  return (facts[phase] ?? [size]).join(" · ");
}

function announcementOf({ file, phase, resumedAt, reason }) {
  const texts = {
    comparing: `Checking for an earlier upload of ${file.name}`,
    sending: resumedAt ? `Resuming ${file.name}` : `Uploading ${file.name}`,
    waiting: "Connection lost, retrying",
    checking: `Checking ${file.name}`,
    paused: reason || `${file.name} is paused`,
    done: `${file.name} is ready`,
    failed: reason,
  };
  return texts[phase] ?? "";
}

function totalOf(uploads) {
  if (uploads.length < 2) return "";
  const open = uploads.filter((upload) => upload.isActive || ["queued", "paused"].includes(upload.phase));
  const rest = open.reduce((sum, { file, sentBytes }) => sum + file.size - sentBytes, 0);
  const done = uploads.filter((upload) => upload.phase === "done").length;
  const speed = uploads.find((upload) => upload.isActive)?.bytesPerS;
  const facts = [`${done} of ${uploads.length} uploaded`, rest && `${formatSize(rest)} left`, rest && speed && formatTimeLeft(rest / speed)];
  return facts.filter(Boolean).join(" · ");
}

function warn(event) {
  event.preventDefault(); // leaving the dashboard stops the upload, so the browser asks for confirmation
}
