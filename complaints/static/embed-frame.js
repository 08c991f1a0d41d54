// The form inside the dialog of another page: it says how high it is and what happened, and takes the answer and the
// colours. Both only from and to the one origin that the server let frame this page.
(() => {
  "use strict";
  const body = document.body;
  const parent = body.dataset.cmpParent;
  if (window.parent === window || !parent) return;
  const VERSION = 1;
  const LONGEST = 1000000;
  const COLOUR = /^(#[0-9a-f]{3,8}|rgba?\([0-9., %/]{5,40}\))$/i;
  const LENGTH = /^\d{1,2}(\.\d{1,3})?(px|rem|em)$/;
  const LOOK = ["accent", "on-accent", "accent-hover", "link", "bg", "surface", "text", "muted", "line", "control", "radius"];
  const tell = (kind, more) => window.parent.postMessage(Object.assign({ complaints: VERSION, kind }, more), parent);
  const arriving = document.querySelector("form[data-cmp-arrives]");
  const texts = ["token", "output", "prompt", "turns"];

  const HEARD = {
    look(said) {
      if (typeof said.look !== "object" || said.look === null) return;
      const given = said.look;
      for (const name of LOOK) {
        const value = given[name];
        if (typeof value !== "string" || !(name === "radius" ? LENGTH : COLOUR).test(value)) continue;
        body.style.setProperty(`--cmp-${name}`, value);
        if (name === "accent" && !given["accent-hover"]) body.style.setProperty("--cmp-accent-hover", value);
      }
    },
    answer(heard) {
      // A button whose script is still an older one sends no turns.
      const said = Object.assign({ turns: "" }, heard);
      if (!arriving || arriving.dataset.cmpArrived || texts.some((name) => typeof said[name] !== "string" || said[name].length > LONGEST)) return;
      arriving.dataset.cmpArrived = "1";
      for (const name of texts) arriving.elements.namedItem(name).value = said[name];
      const awaits = arriving.elements.namedItem("awaits");
      if (awaits) awaits.value = "";
      const shown = document.querySelector("[data-cmp-answer]");
      if (shown && said.output) {
        shown.querySelector("blockquote").textContent = said.output;
        shown.hidden = false;
      }
      // The type stands already: there is nothing to choose on this page.
      if (arriving.elements.namedItem("type").type === "hidden") arriving.submit();
    },
  };

  window.addEventListener("message", (event) => {
    const said = event.data;
    if (event.origin !== parent || event.source !== window.parent) return;
    if (typeof said !== "object" || said === null || said.complaints !== VERSION || typeof said.kind !== "string") return;
    if (Object.prototype.hasOwnProperty.call(HEARD, said.kind)) HEARD[said.kind](said);
  });

  document.addEventListener("keydown", (event) => {
    // Escape also ends a choice of characters and closes a list.
    if (event.key === "Escape" && !event.isComposing && event.keyCode !== 229 && !event.defaultPrevented) tell("escape");
  });

  const form = document.querySelector("form[data-cmp-typing]");
  const fields = () => Array.from(form.querySelectorAll("textarea, input")).filter((field) => !["hidden", "submit", "button"].includes(field.type));
  const typed = () => fields().some((field) => (field.type === "radio" || field.type === "checkbox" ? field.checked : field.value !== ""));
  if (form) for (const kind of ["input", "change"]) form.addEventListener(kind, () => tell("typed", { typed: typed() }));

  const done = document.querySelector("[data-cmp-number]");
  for (const part of document.querySelectorAll("[data-cmp-copy], [data-cmp-saves] button, [data-cmp-print]")) part.addEventListener("click", () => tell("saved"));
  for (const part of document.querySelectorAll("[data-cmp-close]")) {
    part.hidden = false;
    part.addEventListener("click", () => tell("close"));
  }

  const main = document.getElementById("cmp-main");
  const measure = () => tell("size", { height: Math.ceil(main.getBoundingClientRect().height) });
  if (window.ResizeObserver) new ResizeObserver(measure).observe(main);
  else measure();
  // What a person must see first: the errors (complaints.js), the work that is asked for, or the heading.
  const asked = document.querySelector("[name=challenged]");
  const first = asked ? asked.nextElementSibling : document.querySelector("h1");
  const begin = () => {
    if (document.activeElement !== body) return;
    first.tabIndex = -1;
    first.focus({ preventScroll: !asked });
  };
  begin();
  // A frame gets its first focus from the page around it.
  window.addEventListener("focus", begin, { once: true });
  tell("ready", { wants: Boolean(arriving) });
  tell("typed", { typed: "cmpTyped" in body.dataset || (Boolean(form) && typed()) });
  if (done) tell("filed", { number: done.dataset.cmpNumber });
})();
