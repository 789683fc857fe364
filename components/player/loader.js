// The scripts of the player are served by a route of ours, once: Streamlit sends the code of a component at every run.

export default async function (component) {
  const { mount } = await import(new URL(component.data.script, document.baseURI).href);
  return mount(component);
}
