// Values as text.

// A position in a video: `0:39.9`, `1:02:03.0`.
export function formatTime(seconds) {
  const tenths = Math.round(Math.max(seconds, 0) * 10);
  const [hours, minutes] = [Math.floor(tenths / 36000), Math.floor((tenths % 36000) / 600)];
  const rest = ((tenths % 600) / 10).toFixed(1).padStart(4, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

// A duration: `3.2 s`, `12:03 min`.
export function formatSpan(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < 100) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")} min`;
}

// `1 detection`, `2,000 detections`.
export function plural(count, singular, several = `${singular}s`) {
  return `${count.toLocaleString("en-US")} ${count === 1 ? singular : several}`;
}

// A mean with as many digits as the chart shows.
export function formatMean(value) {
  return value === null ? "–" : Number(value.toPrecision(3)).toString();
}
