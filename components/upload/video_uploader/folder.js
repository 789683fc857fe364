// The videos of a folder, whatever else lies in it.

// What was dropped: files as they are, folders as the videos in them. The entries are only there during the event, so
// all of them are taken before the first is read.
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

// Depth first and by name, as a file manager lists it. Hidden files and folders are none of the person's.
async function walk(folder, found) {
  const reader = folder.createReader();
  const entries = [];
  for (let some; (some = await asked(reader, "readEntries")).length; ) entries.push(...some); // a hundred at a time
  entries.sort((one, other) => byName(one.name, other.name));
  for (const entry of entries.filter(({ name }) => !name.startsWith("."))) {
    if (entry.isDirectory) await walk(entry, found);
    else found.push(await asked(entry, "file"));
  }
}

function asked(entry, name) {
  return new Promise((resolve, reject) => entry[name](resolve, reject));
}

// Of files of folders: those that are kept here by their names, and how many are not.
function videosOf(files, suffixes) {
  const shown = files.filter(({ webkitRelativePath }) => !/(^|\/)\./.test(webkitRelativePath));
  const videos = shown.filter(({ name, size }) => size && suffixes.some((suffix) => name.toLowerCase().endsWith(suffix)));
  return { files: videos, videos: videos.length, skipped: shown.length - videos.length };
}

function byName(one, other) {
  return one.localeCompare(other, undefined, { numeric: true });
}

function foundIn({ videos, skipped }) {
  const others = `${skipped} other ${skipped === 1 ? "file" : "files"} left out`;
  if (!videos) return `No video in the folder${skipped ? `: ${others}` : ""}.`;
  return `${videos} ${videos === 1 ? "video" : "videos"} of the folder${skipped ? `, ${others}` : ""}.`;
}
