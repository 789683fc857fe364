// Sizes and durations as text, in the units of `format_size` in storage/space.py.

function formatSize(bytes, digits = 3) {
  const power = Math.max(0, ["KB", "MB", "GB"].findLastIndex((_, index) => bytes >= 1000 ** (index + 1)) + 1);
  return `${Number((bytes / 1000 ** power).toPrecision(digits))} ${["bytes", "KB", "MB", "GB"][power]}`;
}

function formatTimeLeft(seconds) {
  if (seconds < 60) return `${Math.max(1, Math.ceil(seconds))} s left`;
  if (seconds < 3600) return `${Math.ceil(seconds / 60)} min left`;
  return `${Math.floor(seconds / 3600)} h ${Math.ceil((seconds % 3600) / 60)} min left`;
}

function percentOf(part, whole) {
  return Math.floor((part / whole) * 100) || 0;
}
