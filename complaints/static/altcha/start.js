// Registers the worker (its own file: the page allows no inline code) and starts at once; the form can be sent without it.
import "./altcha.min.js";

const beside = (name) => new URL(name, import.meta.url);
const widget = document.querySelector("altcha-widget");
window.$altcha.algorithms.set("PBKDF2/SHA-256", () => new Worker(beside("pbkdf2.js"), { type: "module" }));
window.$altcha.i18n.set(widget.getAttribute("language"), JSON.parse(widget.dataset.words));
widget.configure({ hideLogo: true, hideFooter: true, humanInteractionSignature: false });
widget.closest("[hidden]")?.removeAttribute("hidden");
widget.verify();
