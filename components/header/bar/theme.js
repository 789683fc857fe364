// Streamlit remembers its theme for the path on which the app was loaded; here it applies to all pages.

const THEME_KEY = /^stActiveTheme-(.*)(-v\d+)$/;
const PAGE_NAMES = ["", "analytics", "jobs", "upload", "configuration", "help"];
const loadedPath = new URL(performance.getEntriesByType("navigation")[0]?.name ?? location.href).pathname;

function shareTheme() {
  const base = loadedPath.replace(/[^/]*$/, "");
  const current = Object.keys(localStorage).find((key) => THEME_KEY.exec(key)?.[1] === loadedPath);
  const chosen = current && localStorage.getItem(current);
  const version = current ? THEME_KEY.exec(current)[2] : "";
  for (const page of PAGE_NAMES) {
    const path = base + page;
    if (path === loadedPath) continue;
    if (chosen) localStorage.setItem(`stActiveTheme-${path}${version}`, chosen);
    else Object.keys(localStorage).filter((key) => THEME_KEY.exec(key)?.[1] === path).forEach((key) => localStorage.removeItem(key));
  }
}

if (!window.frametallySharesTheme) {
  window.frametallySharesTheme = true;
  const later = () => [300, 3000].forEach((wait_ms) => setTimeout(shareTheme, wait_ms)); // Streamlit stores it at leisure
  addEventListener("click", later);
  addEventListener("keyup", later);
  addEventListener("pagehide", shareTheme);
}
