// Plays exact frames one after another where the browser cannot play the video.

export class Stills {
  constructor(player) {
    this.player = player;
  }

  async play() {
    const { player } = this;
    const { times, stage, playhead } = player;
    const [startedMs, startS] = [performance.now(), times.timeS[playhead.entry]];
    for (let entry = playhead.entry; playhead.isPlaying && player.times === times; ) {
      const seconds = startS + ((performance.now() - startedMs) / 1000) * stage.video.playbackRate;
      while (entry + 1 < times.entries && times.timeS[entry + 1] <= seconds) entry += 1;
      if (entry !== playhead.entry) await this.show(entry);
      if (entry === times.entries - 1) return playhead.pause();
      await new Promise(requestAnimationFrame);
    }
  }

  async show(entry) {
    const { player } = this;
    const { times, playhead } = player;
    const isNewest = await player.stage.showExact(player.drawing.addressOf(entry), player.status.describe(times, entry));
    if (!isNewest || !playhead.isPlaying) return;
    playhead.entry = entry;
    playhead.tell(times.timeS[entry], times.frame[entry]);
    player.drawing.draw();
  }
}
