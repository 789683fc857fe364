// The queue of videos on their way to /frametally/uploads/, one after the other; Python is told the sha256 of each one
// that arrived. A queue belongs to its key, not to the elements on the page: Streamlit may rerun, or the person may
// change the page, and it goes on.

const uploaders = (window.frametallyUploaders ??= new Map());

export default function mount(component) {
  const { key, ticket, hint } = component.data;
  if (!uploaders.has(key)) uploaders.set(key, new Uploader());
  const uploader = uploaders.get(key);
  const root = component.parentElement.querySelector(".uploader");
  uploader.ticket = ticket;
  root.querySelector(".hint").textContent = hint;
  uploader.attach(root, component);
  return () => uploader.detach(root);
}

class Uploader {
  uploads = [];
  arrived = []; // in the order of arrival
  root = null;
  said = "";

  attach(root, component) {
    this.root = root;
    this.rows = new Map();
    this.tell = () => component.setStateValue("arrived", this.arrived);
    this.bind();
    root.querySelector(".list").replaceChildren();
    this.uploads.forEach((upload) => this.draw(upload, true));
    this.tellOf(this.said);
    this.drawQueue();
    if (this.arrived.length && this.toldKey !== component.key) this.tell();
    this.toldKey = component.key;
  }

  detach(root) {
    if (this.root === root) this.root = this.tell = null;
  }

  bind() {
    const input = this.root.querySelector("input");
    input.onchange = () => {
      this.add([...input.files]);
      this.tellOf("");
      input.value = ""; // so that the same file can be chosen again
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
        this.tellOf(found.folders ? foundIn(found) : "");
      } catch {
        this.tellOf("The folder could not be read. Drop it again, or choose its files.");
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
      this.tellOf(foundIn(found));
    };
    this.folder.click();
  }

  // What came of a folder.
  tellOf(words) {
    this.said = words;
    if (this.root) this.root.querySelector(".found").textContent = words;
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
    this.moved();
  }

  remove(upload) {
    this.uploads = this.uploads.filter((other) => other !== upload);
    this.rows.get(upload)?.remove();
    this.rows.delete(upload);
  }

  // Something ended, began or was stopped: the next one's turn may have come.
  moved() {
    const news = this.uploads.filter((upload) => upload.video && !this.arrived.includes(upload.video));
    const kept = this.arrived.filter((video) => this.uploads.some((upload) => upload.video === video));
    if (news.length || kept.length < this.arrived.length) {
      this.arrived = [...new Set([...kept, ...news.map((upload) => upload.video)])];
      this.tell?.();
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
    if (this.root && !isQuiet) this.root.querySelector("[role=status]").textContent = newsOf(upload);
    if (this.root) this.root.querySelector(".together").textContent = togetherOf(this.uploads);
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
      line.textContent = `${percentOf(sent, size)} % of ${name} is here: choose it again and it goes on from there.`;
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
  const { file, sentBytes, wentOnFrom, bytesPerS, phase } = upload;
  const size = inWords(file.size);
  const share = `${percentOf(sentBytes, file.size)} % of ${size}`;
  const rest = (file.size - sentBytes) / bytesPerS;
  const speed = bytesPerS ? [`${inWords(bytesPerS, 2)}/s`, timeLeft(rest)] : [];
  const wentOn = wentOnFrom ? [`went on from ${percentOf(wentOnFrom, file.size)} %`] : [];
  const facts = {
    queued: [size, "waits for its turn"],
    comparing: [size, `Comparing with a video of this size… ${percentOf(upload.comparedBytes, file.size)} %`],
    sending: [share, ...speed, ...wentOn],
    waiting: [share, "Connection lost, trying again…"],
    checking: [size, "Checking the video…"],
    paused: [share, "paused"],
    done: [size, upload.wasHere ? "was here already, nothing was sent" : "ready"],
  };
  return (facts[phase] ?? [size]).join(" · ");
}

function newsOf({ file, phase, wentOnFrom, reason }) {
  const news = {
    comparing: `Comparing ${file.name} with what is here`,
    sending: wentOnFrom ? `Going on with ${file.name}` : `Sending ${file.name}`,
    waiting: "Connection lost, trying again",
    checking: `Checking ${file.name}`,
    paused: reason || `${file.name} is paused`,
    done: `${file.name} is ready`,
    failed: reason,
  };
  return news[phase] ?? "";
}

function togetherOf(uploads) {
  if (uploads.length < 2) return "";
  const open = uploads.filter((upload) => upload.isActive || ["queued", "paused"].includes(upload.phase));
  const rest = open.reduce((sum, { file, sentBytes }) => sum + file.size - sentBytes, 0);
  const here = uploads.filter((upload) => upload.phase === "done").length;
  const speed = uploads.find((upload) => upload.isActive)?.bytesPerS;
  const facts = [`${here} of ${uploads.length} arrived`, rest && `${inWords(rest)} to go`, rest && speed && timeLeft(rest / speed)];
  return facts.filter(Boolean).join(" · ");
}

function warn(event) {
  event.preventDefault(); // leaving the dashboard stops the upload: the browser asks first
}
