// Opens the comparison where it can be seen.

export default function ({ data, parentElement, setTriggerValue }) {
  const compare = parentElement.querySelector(".compare");
  compare.hidden = !data.can_compare;
  compare.onclick = () => {
    setTriggerValue("compare", true);
    document.querySelector(".st-key-section")?.scrollIntoView({ block: "start" });
  };
}
