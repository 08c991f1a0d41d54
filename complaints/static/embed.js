// The report button for any page: <complaints-report> opens the short form in a dialog. Nothing is asked for before
// the click, nothing is stored, and what cannot be done here is done by the link or form inside the element.
// Served at /embed.js, where the server puts its words in.
(() => {
  "use strict";
  const NAME = "complaints-report";
  const script = document.currentScript;
  const page = script ? script.dataset : {};
  const BASE = (page.base || (script ? script.src.replace(/[?#].*$/, "").replace(/\/embed\.js$/, "") : "")).replace(/\/$/, "");
  if (!BASE || !window.customElements || customElements.get(NAME)) return;
  const ORIGIN = new URL(BASE, location.href).origin;
  const WORDS = JSON.parse("@words@");
  const VERSION = 1;
  const PATIENCE = 8000;
  const LOOK = ["accent", "on-accent", "accent-hover", "link", "bg", "surface", "text", "muted", "line", "control", "radius"];
  const COLOUR = /^(#[0-9a-f]{3,8}|rgba?\([0-9., %/]{5,40}\))$/i;
  const LENGTH = /^\d{1,2}(\.\d{1,3})?(px|rem|em)$/;
  const NUMBER = /^[A-Z]{2}\d{8}-[0-9A-Z]{6}$/;
  // A page without an origin (a file, a sandboxed view) cannot be listed; an old view has no dialog. Both follow the link.
  const able = location.origin !== "null" && typeof HTMLDialogElement === "function"
    && "showModal" in HTMLDialogElement.prototype && "adoptedStyleSheets" in Document.prototype
    && typeof CSSStyleSheet.prototype.replaceSync === "function";

  const CSS = `
:host { display: inline-block }
:host([hidden]), [hidden] { display: none !important }
:host([floating]) { position: fixed; z-index: 1000; right: 1rem; bottom: calc(1rem + env(safe-area-inset-bottom, 0px)) }
* { box-sizing: border-box }
.trigger, dialog { font: 400 1rem/1.6 var(--cmp-font, system-ui, -apple-system, "Segoe UI", Roboto, "PingFang SC", "HarmonyOS Sans SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif) }
.trigger { display: inline-flex; align-items: center; min-height: 44px; padding: .375rem .875rem; border: 1px solid var(--cmp-control, currentColor); border-radius: var(--cmp-radius, 4px); background: transparent; color: inherit; text-decoration: none; cursor: pointer }
:host([floating]) .trigger { border-color: transparent; background: var(--cmp-accent, #14539A); color: var(--cmp-on-accent, #fff); box-shadow: 0 2px 12px rgba(0, 0, 0, .25) }
dialog { --bg: var(--cmp-bg, #fff); --fg: var(--cmp-text, #1A1F26); --line: var(--cmp-line, #C9D1DA); --muted: var(--cmp-muted, #4A5563); --control: var(--cmp-control, #667281); --accent: var(--cmp-accent, #14539A); --on: var(--cmp-on-accent, #fff); --ring: #1A1F26; --halo: #FFD84D;
  color-scheme: light; flex-direction: column; position: fixed; inset: 0; margin: auto; width: min(42rem, calc(100vw - 2rem)); height: fit-content; max-width: none; max-height: calc(100vh - 2rem); padding: 0; overflow: hidden; border: 1px solid var(--line); border-radius: calc(var(--cmp-radius, 4px) * 2); background: var(--bg); color: var(--fg); text-align: start; overscroll-behavior: contain }
dialog[open] { display: flex }
dialog::backdrop { background: rgba(10, 16, 24, .55) }
header { display: flex; align-items: center; gap: .5rem; padding: .25rem .5rem .25rem 1rem; border-bottom: 1px solid var(--line) }
h2 { flex: 1; margin: 0; font-size: 1rem; line-height: 1.4 }
.part { padding: 1rem }
.part p { margin: 0 0 .75rem }
.part button, .part a { display: block; width: 100%; min-height: 48px; margin: 0 0 .75rem; padding: .625rem 1rem; border: 1px solid var(--control); border-radius: var(--cmp-radius, 4px); background: transparent; color: inherit; font: inherit; font-weight: 600; text-align: start; text-decoration: none; cursor: pointer }
.part .first { border-color: var(--accent); background: var(--accent); color: var(--on) }
.part small { display: block; font-size: .875rem; font-weight: 400; color: var(--muted) }
.part .first small { color: inherit }
.part :last-child { margin-bottom: 0 }
.close { flex: none; width: 44px; height: 44px; padding: 0; border: 0; border-radius: var(--cmp-radius, 4px); background: transparent; color: inherit; font: 400 1.5rem/1 system-ui, sans-serif; cursor: pointer }
.frame { flex: 1 1 auto; min-height: 0; display: flex; flex-direction: column; overflow: hidden }
iframe { display: block; flex: 1 1 auto; width: 100%; min-height: 0; border: 0; background: var(--bg) }
:focus-visible { outline: 3px solid var(--ring, currentColor); outline-offset: 2px }
dialog :focus-visible { box-shadow: 0 0 0 2px var(--halo) }
iframe:focus-visible { outline: 0; box-shadow: none }
@media (prefers-color-scheme: dark) {
  dialog:not(.light) { --bg: var(--cmp-bg, #14181D); --fg: var(--cmp-text, #E9EDF1); --line: var(--cmp-line, #3A444F); --muted: var(--cmp-muted, #B4BDC8); --control: var(--cmp-control, #8A96A4); --accent: var(--cmp-accent, #8FBEF5); --on: var(--cmp-on-accent, #0E1A28); --ring: #FFD84D; --halo: #14181D; color-scheme: dark }
}
@media (max-width: 40rem) {
  dialog { width: 100vw; height: 100%; max-height: 100%; margin: 0; border: 0; border-radius: 0 }
  dialog.small { height: fit-content; margin-top: auto; border-top: 1px solid var(--line) }
}
@media (prefers-reduced-motion: no-preference) {
  dialog[open] { animation: rise .16s ease-out }
  @keyframes rise { from { opacity: 0; transform: translateY(.5rem) } }
}
@media print { :host { display: none } }`;
  let shared = null;
  // Not a <style>: a page's policy may forbid inline ones, and it does not know this sheet.
  const sheet = () => {
    if (!shared) {
      shared = new CSSStyleSheet();
      shared.replaceSync(CSS);
    }
    return shared;
  };

  const make = (tag, properties, ...children) => {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  };

  function languageOf(element) {
    const near = element.closest("[lang]");
    const asked = element.getAttribute("lang") || page.lang || (near && near.getAttribute("lang")) || "zh";
    return /^zh/i.test(asked) ? "zh" : "en";
  }

  // Attributes, or the fields of the form that does the same without this script.
  function reported(element) {
    const texts = {};
    for (const name of ["token", "output", "prompt", "turns"]) {
      const field = element.querySelector(`[name=${name}]`);
      texts[name] = element.getAttribute(name) || (field && field.value) || "";
    }
    return texts;
  }

  function carries(element) {
    const { token, output } = reported(element);
    return Boolean(token || output) || element.hasAttribute("thumbs");
  }

  const wish = (element, name) => element.getAttribute(name) || page[name] || "";

  // Only values that can be nothing but a colour or a length leave this page.
  function look(element) {
    const set = getComputedStyle(element);
    const found = {};
    for (const name of LOOK) {
      const value = set.getPropertyValue(`--cmp-${name}`).trim();
      if ((name === "radius" ? LENGTH : COLOUR).test(value)) found[name] = value;
    }
    return found;
  }

  // A page that does not declare a dark scheme has none.
  function themed(element) {
    const asked = wish(element, "theme");
    if (asked) return asked === "auto";
    const meta = document.querySelector("meta[name=color-scheme]");
    const set = getComputedStyle(element).colorScheme || "normal";
    return /dark/.test(set === "normal" && meta ? meta.content : set);
  }

  class Report extends HTMLElement {
    connectedCallback() {
      if (this.shadowRoot) return;
      const root = this.attachShadow({ mode: "open" });
      if (able) root.adoptedStyleSheets = [sheet()];
      const words = WORDS[languageOf(this)];
      const label = wish(this, "label") || (this.hasAttribute("thumbs") ? words.thumbs : carries(this) ? words.report : words.entry);
      const own = able ? make("button", { type: "button" }, label) : make("a", { href: elsewhere(this) }, label);
      own.className = "trigger";
      own.setAttribute("part", "button");
      root.append(make("slot", {}, own));
      if (!able) return;
      const caught = (event, trigger) => {
        event.preventDefault();
        opening(this, trigger);
      };
      own.setAttribute("aria-haspopup", "dialog");
      own.addEventListener("click", (event) => caught(event, own));
      for (const inside of this.querySelectorAll("a[href], button")) inside.setAttribute("aria-haspopup", "dialog");
      this.addEventListener("click", (event) => {
        const link = event.target.closest ? event.target.closest("a[href], button[type=button]") : null;
        if (link && this.contains(link) && !(event.ctrlKey || event.metaKey || event.shiftKey || event.button)) caught(event, link);
      });
      this.addEventListener("submit", (event) => {
        // A form that was sent from the dialog itself goes its way.
        if (!event.target.dataset.cmpLeaving) caught(event, event.submitter || document.activeElement);
      });
    }
  }

  // The form as a page of its own; the answer's text stays behind, because no address is long enough for it.
  function elsewhere(element) {
    const query = new URLSearchParams();
    const { token } = reported(element);
    const type = wish(element, "type");
    if (type) query.set("type", type);
    if (token) query.set("answer", token);
    query.set("lang", languageOf(element));
    return `${BASE}/new?${query}`;
  }

  function opening(element, trigger) {
    const root = element.shadowRoot;
    const lang = languageOf(element);
    const words = WORDS[lang];
    const dark = themed(element);
    const state = { typed: false, number: "", saved: false, ready: false };
    const title = make("h2", { id: "title" }, carries(element) ? words.title : words.entry);
    const close = make("button", { type: "button", className: "close" }, "×");
    close.setAttribute("aria-label", words.close);
    const body = make("div", { className: "frame" });
    const dialog = make("dialog", { lang: lang === "zh" ? "zh-Hans" : "en" }, make("header", {}, title, close), body);
    dialog.setAttribute("aria-labelledby", "title");
    dialog.classList.toggle("light", !dark);
    let frame = null;
    let question = null;

    const tell = (kind, detail) => element.dispatchEvent(new CustomEvent(`complaints-${kind}`, { bubbles: true, composed: true, detail }));

    function shut() {
      window.removeEventListener("message", hear);
      document.removeEventListener("securitypolicyviolation", refused);
      if (dialog.open) dialog.close();
      dialog.remove();
      if (trigger && trigger.focus) trigger.focus();
    }

    function leave() {
      const form = element.querySelector("form");
      if (!form) return location.assign(elsewhere(element));
      form.dataset.cmpLeaving = "1";
      HTMLFormElement.prototype.submit.call(form);
      return undefined;
    }

    // A question takes the frame's place without ending it: what was typed there stays.
    function ask(said, choices) {
      if (question) question.remove();
      body.hidden = true;
      question = make("div", { className: "part" }, make("p", {}, said));
      question.setAttribute("role", "group");
      question.setAttribute("aria-label", said);
      for (const [text, hint, first, act] of choices) {
        const button = make("button", { type: "button", className: first ? "first" : "" }, text);
        if (hint) button.append(make("small", {}, hint));
        button.addEventListener("click", act);
        question.append(button);
      }
      dialog.classList.add("small");
      dialog.append(question);
      question.querySelector("button").focus();
    }

    function answered() {
      if (question) question.remove();
      question = null;
      body.hidden = false;
      dialog.classList.remove("small");
      if (frame) frame.focus();
    }

    function leaving() {
      if (question && frame) answered();
      else if (state.number && !state.saved) ask(words.unsaved, [[words.receipt, "", true, answered], [words.kept, "", false, shut]]);
      else if (state.typed) ask(words.unsent, [[words.goon, "", true, answered], [words.discard, "", false, shut]]);
      else shut();
    }

    function failed() {
      if (state.ready || !frame) return;
      const link = make("a", { href: elsewhere(element), className: "first" }, words.elsewhere);
      link.addEventListener("click", (event) => { event.preventDefault(); leave(); });
      const note = make("div", { className: "part" }, make("p", {}, words.failed), link);
      note.setAttribute("role", "alert");
      frame.remove();
      frame = null;
      body.append(note);
      dialog.classList.add("small");
    }

    const refused = (event) => {
      if (/^(frame|child|default)-src/.test(event.effectiveDirective) && String(event.blockedURI).startsWith(ORIGIN)) failed();
    };

    const post = (kind, more) => frame.contentWindow.postMessage(Object.assign({ complaints: VERSION, kind }, more), ORIGIN);

    const HEARD = {
      ready(said) {
        state.ready = true;
        post("look", { look: look(element) });
        if (said.wants === true) post("answer", reported(element));
        if (!question) frame.focus();
      },
      size(said) {
        if (Number.isFinite(said.height)) frame.style.flexBasis = `${Math.min(Math.max(said.height, 160), 4000)}px`;
      },
      typed(said) { state.typed = said.typed === true; },
      saved() { state.saved = true; },
      escape: leaving,
      close: leaving,
      filed(said) {
        if (typeof said.number !== "string" || !NUMBER.test(said.number)) return;
        state.typed = false;
        const first = !state.number;
        state.number = said.number;
        // The number alone: with the code the page could open the complaint.
        if (first) tell("filed", { number: said.number });
      },
    };

    function hear(event) {
      if (!frame || event.origin !== ORIGIN || event.source !== frame.contentWindow) return;
      const said = event.data;
      if (typeof said !== "object" || said === null || said.complaints !== VERSION || typeof said.kind !== "string") return;
      if (Object.prototype.hasOwnProperty.call(HEARD, said.kind)) HEARD[said.kind](said);
    }

    function form() {
      if (question) question.remove();
      question = null;
      body.hidden = false;
      dialog.classList.remove("small");
      const query = new URLSearchParams({ parent: location.origin, lang });
      if (!dark) query.set("theme", "light");
      if (wish(element, "type")) query.set("type", wish(element, "type"));
      if (carries(element)) query.set("answer", "1");
      frame = make("iframe", { title: title.textContent, src: `${BASE}/embed/new?${query}`, referrerPolicy: "no-referrer" });
      frame.allow = "clipboard-write";
      frame.style.flexBasis = "24rem";
      window.addEventListener("message", hear);
      document.addEventListener("securitypolicyviolation", refused);
      frame.addEventListener("load", () => setTimeout(failed, PATIENCE / 4));
      setTimeout(failed, PATIENCE);
      body.append(frame);
    }

    close.addEventListener("click", leaving);
    dialog.addEventListener("cancel", (event) => { event.preventDefault(); leaving(); });
    dialog.addEventListener("keydown", (event) => {
      // Here already: a browser lets a dialog refuse to close only once.
      if (event.key !== "Escape" || event.isComposing) return;
      event.preventDefault();
      event.stopPropagation();
      leaving();
    });
    // Closed all the same, as by going back twice: it is shown again with its question while there is something to lose.
    dialog.addEventListener("close", () => {
      if (!dialog.isConnected || (!state.typed && (!state.number || state.saved))) return dialog.isConnected ? shut() : undefined;
      dialog.showModal();
      return leaving();
    });
    root.append(dialog);
    dialog.showModal();
    if (!element.hasAttribute("thumbs")) return form();
    return ask(words.ask, [
      [words.unhelpful, words.unhelpfulHint, false, () => { shut(); tell("feedback", { kind: "unhelpful" }); }],
      [words.rights, words.rightsHint, false, form],
    ]);
  }

  customElements.define(NAME, Report);
  if ("auto" in page) {
    const floating = make(NAME, {});
    floating.setAttribute("floating", "");
    const add = () => document.body.append(floating);
    if (document.body) add();
    else document.addEventListener("DOMContentLoaded", add);
  }
})();
