// Numbers and times as the document writes them.
export function clock(seconds) {
  const tenths = Math.round(Math.max(seconds, 0) * 10);
  const rest = ((tenths % 600) / 10).toFixed(1).padStart(4, "0");
  const minutes = Math.floor(tenths / 600);
  return minutes < 60 ? `${minutes}:${rest}` : `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${rest}`;
}

export function amount(value, digits) {
  return value === null ? "–" : value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

export function share(value) {
  return value === null ? "–" : `${Math.round(value * 100)} %`;
}

export function moment(seconds) {
  return seconds === null ? "–" : clock(seconds);
}
