// Threshold, classes and the type of the chart.
export function listen(view, data, show) {
  let waiting = 0;
  const soon = () => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(show);
  };
  const slider = document.getElementById("threshold");
  if (slider) listenToThreshold(slider, view, data, soon);
  for (const button of document.querySelectorAll(".kinds button")) {
    button.addEventListener("click", () => {
      view.kind = button.dataset.kind;
      for (const other of document.querySelectorAll(".kinds button")) other.setAttribute("aria-pressed", String(other === button));
      soon();
    });
  }
  for (const button of document.querySelectorAll(".legend button")) {
    button.addEventListener("click", () => {
      const name = button.dataset.class;
      const isShown = view.hidden.delete(name);
      if (!isShown) view.hidden.add(name);
      if (isShown) view.off.delete(name);
      else view.off.add(name);
      button.setAttribute("aria-pressed", String(!view.hidden.has(name)));
      soon();
    });
  }
}

function listenToThreshold(slider, view, data, soon) {
  const reset = document.getElementById("reset");
  const value = document.getElementById("threshold-value");
  const set = (step) => {
    view.step = step;
    reset.hidden = step === null;
    value.textContent = step === null ? String(data.confidence) : (step / 100).toFixed(2);
    soon();
  };
  slider.addEventListener("input", () => set(Number(slider.value)));
  reset.addEventListener("click", () => {
    slider.value = slider.defaultValue;
    set(null);
    slider.focus();
  });
}
