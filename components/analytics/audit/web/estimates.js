// Numbers of an audit as they are written on the page. Where a number is a half exactly, the even one is written, as in
// Python, which writes the same ones in the table, the tiles and briefs: `toFixed` takes the larger one.

// 0 or more.
export function formatCount(value) {
  const isHalfAboveEven = (value * 8) % 4 === 1; // an eighth is the only half of hundredths that a float can be
  return (isHalfAboveEven ? value - 0.001 : value).toFixed(2);
}

export function formatShare(value) {
  return `${formatPercent(value)} %`;
}

export function formatPercent(value) {
  const percent = 100 * value;
  return (percent % 2 === 0.5 ? Math.floor(percent) : percent).toFixed(0);
}

// `2.22 to 2.41`
export function formatRange([low, high], format) {
  return `${format(low)} to ${format(high)}`;
}
