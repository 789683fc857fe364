// Numbers of an audit as they are written on the page.

export function formatCount(value) {
  return value.toFixed(2);
}

export function formatShare(value) {
  return `${(100 * value).toFixed(0)} %`;
}

// `2.22 to 2.41`
export function formatRange([low, high], format) {
  return `${format(low)} to ${format(high)}`;
}
