// What other parts of the page may use of the player: its picture to draw on, and its playhead.
// They find it under a key of the page, because they are loaded from another address, before or after it.

const KEY = Symbol.for("frametally.player");
const EVENT = "frametally:player";
const CHECK_MS = 200;

// Offer the player, or the same one again with another video.
export function welcome(player) {
  globalThis[KEY] = {
    root: player.root,
    stage: player.stage.root, // dispatches "placed" when the picture moves in it
    size: player.data.video?.size ?? null, // at which the video is displayed, in pixels
    place: () => player.stage.zoom.place, // of the picture in pixels of the stage, which may be zoomed
    times: player.times,
    show: (entry) => {
      player.playhead.show(entry);
      player.root.scrollIntoView({ block: "nearest" });
    },
    entry: () => player.playhead.entry,
    play: (entry, endS) => playPart(player, entry, endS),
    setConfidence: (value) => {
      player.classList.setThreshold(value);
      player.filters.setThreshold(value);
    },
    pause: () => player.playhead.pause(),
  };
  document.dispatchEvent(new CustomEvent(EVENT));
}

export function leave(player) {
  if (globalThis[KEY]?.root === player.root) delete globalThis[KEY];
}

// Play from an entry to a time; resolves with whether that was reached: not if the user pauses or moves the playhead.
// The end of the video is reached too: from there, the playhead would begin at the start.
async function playPart(player, entry, endS) {
  const { playhead, stage, times } = player;
  const lastS = Math.min(endS, times.timeS.at(-1));
  playhead.show(entry);
  if (times.timeS[entry] >= lastS) return true;
  await playhead.play();
  return new Promise((resolve) => {
    const check = () => {
      const isReached = times.timeS[playhead.entry] >= lastS;
      if (playhead.isPlaying && !isReached) return;
      stage.root.removeEventListener("presented", check);
      clearInterval(timer);
      playhead.pause();
      resolve(isReached);
    };
    const timer = setInterval(check, CHECK_MS); // also where frames are shown one by one
    stage.root.addEventListener("presented", check);
  });
}
