// Plays exact frames one after another where the browser cannot play the video.

export class Stills {
  constructor(player) {
    this.player = player;
  }

  async play() {
    const { player } = this;
    const { times, stage } = player;
    const [startedMs, startS] = [performance.now(), times.timeS[player.entry]];
    for (let entry = player.entry; player.isPlaying && player.times === times; ) {
      const seconds = startS + ((performance.now() - startedMs) / 1000) * stage.video.playbackRate;
      while (entry + 1 < times.entries && times.timeS[entry + 1] <= seconds) entry += 1;
      if (entry !== player.entry) await this.show(entry);
      if (entry === times.entries - 1) return player.pause();
      await new Promise(requestAnimationFrame);
    }
  }

  async show(entry) {
    const { player } = this;
    const { times } = player;
    const isNewest = await player.stage.showExact(player.addressOf(entry), player.status.describe(times, entry));
    if (!isNewest || !player.isPlaying) return;
    player.entry = entry;
    player.timeline.moveTo(times.timeS[entry]);
    player.controls.setTime(times.timeS[entry], times.durationS, times.frame[entry]);
    player.drawBoxes();
  }
}
