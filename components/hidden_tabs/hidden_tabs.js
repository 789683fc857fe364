// A hidden tab asks the server for nothing: Streamlit repeats a fragment with window.setInterval, whether the tab is
// visible or not. The timers go on when the tab is visible again. Short intervals are animations, and stay as they are.

const MIN_MS = 500;

export default function () {
  if (window.frametallyPausesTimers) return;
  window.frametallyPausesTimers = true;
  const start = window.setInterval.bind(window);
  window.setInterval = (callback, delayMs, ...rest) =>
    start(typeof callback === "function" && delayMs >= MIN_MS ? pausing(callback) : callback, delayMs, ...rest);
}

function pausing(callback) {
  return (...given) => {
    if (!document.hidden) callback(...given);
  };
}
