// The videos in a folder.

// The dropped files, and the videos in dropped folders. The entries are valid only during the event, so all of them are
// collected before the first one is read.
async function filesOf(transfer, suffixes) {
  const dropped = [...transfer.items].filter(({ kind }) => kind === "file");
  const taken = dropped.map((item) => [item.webkitGetAsEntry?.(), item.getAsFile()]);
  const folders = taken.map(([entry]) => entry).filter((entry) => entry?.isDirectory);
  const files = taken.filter(([entry]) => !entry?.isDirectory).map(([, file]) => file);
  const inside = [];
  for (const folder of folders) await walk(folder, inside);
  const videos = videosOf(inside, suffixes);
  return { ...videos, files: [...files, ...videos.files], folders: folders.length };
}

// Depth first and by name, like a file manager; skips hidden files and folders.
async function walk(folder, found) {
  const reader = folder.createReader();
  const entries = [];
  for (let some; (some = await promised(reader, "readEntries")).length; ) entries.push(...some); // batches of up to 100
  entries.sort((one, other) => byName(one.name, other.name));
  for (const entry of entries.filter(({ name }) => !name.startsWith("."))) {
    if (entry.isDirectory) await walk(entry, found);
    else found.push(await promised(entry, "file"));
  }
}

function promised(entry, name) {
  return new Promise((resolve, reject) => entry[name](resolve, reject));
}

// Splits the files of folders into accepted videos and the number of skipped files.
function videosOf(files, suffixes) {
  const shown = files.filter(({ webkitRelativePath }) => !/(^|\/)\./.test(webkitRelativePath));
  const videos = shown.filter(({ name, size }) => size && suffixes.some((suffix) => name.toLowerCase().endsWith(suffix)));
  return { files: videos, videos: videos.length, skipped: shown.length - videos.length };
}

function byName(one, other) {
  return one.localeCompare(other, undefined, { numeric: true });
}

function foundIn({ videos, skipped }) {
  const others = skipped ? ` (${skipped} other ${skipped === 1 ? "file" : "files"} skipped)` : "";
  if (!videos) return `No videos in the folder${others}.`;
  return `${videos} ${videos === 1 ? "video" : "videos"} in the folder${others}.`;
}
