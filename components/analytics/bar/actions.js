// Opens the comparison where it can be seen, and copies the address of the page, which contains the view. Where the
// browser does not allow that, shows the address.

const SAY_MS = 4000;

export default function ({ data, parentElement, setTriggerValue }) {
  const find = (selector) => parentElement.querySelector(selector);
  const [compare, share, field, status] = [".compare", ".share", "input", "span"].map(find);
  let timer;

  const say = (text) => {
    status.textContent = text;
    clearTimeout(timer);
    timer = setTimeout(() => (status.textContent = ""), SAY_MS);
  };
  compare.hidden = !data.can_compare;
  compare.onclick = () => {
    setTriggerValue("compare", true);
    document.querySelector(".st-key-section")?.scrollIntoView({ block: "start" });
  };
  share.onclick = async () => {
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
