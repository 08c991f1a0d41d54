// Registers words and worker (a file of its own: the page allows no inline code), then lets the widget in, which
// begins at once. The form can be sent without it.
import "./altcha.min.js";

const { algorithms, i18n } = window.$altcha;
for (const waiting of document.querySelectorAll("template[data-cmp-challenge]")) {
  const words = JSON.parse(waiting.dataset.words);
  i18n.set(document.documentElement.lang.toLowerCase(), words);
  algorithms.set("PBKDF2/SHA-256", () => new Worker(new URL("pbkdf2.js", import.meta.url), { type: "module" }));
  waiting.after(waiting.content.cloneNode(true));
}
