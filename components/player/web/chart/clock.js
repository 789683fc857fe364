// Time of day of a recording whose start is known.

const DAY_MS = 86_400_000;

// `14:20:05.3` in the time zone of the recording.
export function formatClock({ startMs, zoneMinutes }, seconds) {
  const ms = startMs + zoneMinutes * 60_000 + Math.round(seconds * 10) * 100;
  return new Date(ms).toISOString().slice(11, 21);
}

// The start as a field for local times takes it: `2026-11-27T14:20:05`.
export function localText({ startMs, zoneMinutes }) {
  return new Date(startMs + zoneMinutes * 60_000).toISOString().slice(0, 19);
}

// `+02:00`, `-03:30`.
export function offsetText(minutes) {
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  return `${minutes < 0 ? "-" : "+"}${String(hours).padStart(2, "0")}:${String(rest).padStart(2, "0")}`;
}

// Offsets from UTC to choose from, as [minutes, label]: UTC and that of the browser first.
export function zones(nearMs = Date.now()) {
  const own = -new Date(nearMs).getTimezoneOffset();
  const name = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const quarters = [345, 525, 765];
  const all = [...Array.from({ length: 53 }, (_, at) => at * 30 - 720), ...quarters].sort((one, other) => one - other);
  const labels = all.map((minutes) => [minutes, minutes ? `UTC${offsetText(minutes)}` : "UTC"]);
  const isKnown = Math.abs(nearMs) < DAY_MS * 1e7;
  return isKnown && own ? [[0, "UTC"], [own, `${name} (UTC${offsetText(own)})`], ...labels.filter(([minutes]) => minutes && minutes !== own)] : labels;
}
