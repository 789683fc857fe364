// Runs before Streamlit's own script, as part of the document.

// Streamlit connects at once if it knows the address of its server and what the server would answer first. In a frame
// of another page, which may be a host that decides both, it asks as usual.
if (window.parent === window) {
  window.__streamlit ??= { BACKEND_BASE_URL: new URL(".", location.href).href, HOST_CONFIG: {{host_config}} };
}

// The chart's script takes long to start, and needs nothing of the page: where the browser has it stored, it starts while
// the server runs the page's first script, which Streamlit marks. Otherwise the player loads it, after what is needed
// first (components/player/web/chart/plot.js).
if (location.pathname.endsWith("/analytics")) {
  const src = "{{plotly}}";
  const isStored = () => performance.getEntriesByName(new URL(src, document.baseURI).href)[0]?.transferSize === 0;
  const observer = new PerformanceObserver((list) => {
    if (!list.getEntriesByName("running").length) return;
    observer.disconnect();
    if (!isStored() || document.querySelector(`script[src="${src}"]`)) return;
    const script = Object.assign(document.createElement("script"), { src });
    script.onerror = () => script.remove();
    document.head.append(script);
  });
  observer.observe({ type: "mark", buffered: true });
}
