// Copies the address of the page, which contains the view. Where the browser does not allow it, shows the address.

const SAY_MS = 4000;

export default function ({ parentElement }) {
  const [button, field, status] = parentElement.querySelector(".share").children;
  let timer;

  const say = (text) => {
    status.textContent = text;
    clearTimeout(timer);
    timer = setTimeout(() => (status.textContent = ""), SAY_MS);
  };
  button.title = "Copy a link to this view: job, model, classes, threshold, time range and frame";
  button.onclick = async () => {
    try {
      await navigator.clipboard.writeText(location.href);
      field.hidden = true;
      say("Link copied");
    } catch {
      // No permission, or not a secure context.
      field.value = location.href;
      field.hidden = false;
      field.select();
      say("Copy this link");
    }
  };
  return () => clearTimeout(timer);
}
