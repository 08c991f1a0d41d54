// Keys for hands that stay on the keyboard. A page says what a key does: it clicks or focuses the element that carries
// it as data-cmp-key, so that no key does what no control does. Lines of a list are the links with data-cmp-row.
// Every page works without this file.
(() => {
  "use strict";
  const SWITCH = "cmp-keys", PLACE = "cmp-row", TICKS = "cmp-ticks", AGAIN = "cmp-again";
  const CHORD = 1500; // milliseconds between `g` and the letter of a section
  const all = (selector, from = document) => Array.from(from.querySelectorAll(selector));
  const store = (() => {
    try {
      window.sessionStorage.setItem("cmp-probe", "1");
      window.sessionStorage.removeItem("cmp-probe");
      return { here: window.localStorage, now: window.sessionStorage };
    } catch {
      return null; // storage may be switched off: keys work, and nothing is remembered
    }
  })();
  const take = (name) => {
    try {
      return JSON.parse(store.now.getItem(name));
    } catch {
      return null;
    }
  };
  const put = (name, value) => {
    try {
      store.now.setItem(name, JSON.stringify(value));
    } catch { /* full, or switched off */ }
  };

  // Where keys are letters -----------------------------------------------------------------------------------------
  const written = (part) => part.isContentEditable || part.matches("textarea, select")
    || (part.matches("input") && !["checkbox", "radio", "button", "submit", "reset", "file"].includes(part.type));
  // 229: the browser hands the key to an input method, which will make a character of it.
  const composing = (event) => event.isComposing || event.keyCode === 229;
  const on = () => !store || store.here.getItem(SWITCH) !== "off";

  // What a key does ------------------------------------------------------------------------------------------------
  const seen = (part) => part.getClientRects().length > 0;
  const folded = (part) => !part.closest("[hidden]") && part.closest("details:not([open])") !== null;
  const find = (key, from = document) => {
    const found = all("[data-cmp-key]", from).filter((part) => part.dataset.cmpKey === key);
    return found.find(seen) || found.find(folded);
  };

  function unfold(part) {
    for (let fold = part.closest("details:not([open])"); fold; fold = part.closest("details:not([open])")) fold.open = true;
  }

  function act(part) {
    unfold(part);
    if (written(part)) {
      part.focus();
      // The button that sends it should be seen too.
      (part.closest("form") || part).scrollIntoView({ block: "nearest" });
    } else {
      part.click();
    }
  }

  // What stood in a form as its page came: what was shown beforehand is sent, what was changed since is shown again.
  const stood = new Map();
  const content = (form) => JSON.stringify(Array.from(new FormData(form)));

  function send(form) {
    const buttons = Array.from(form.elements).filter((part) => part.type === "submit" && seen(part) && !part.matches(".cmp-hidden"));
    const again = stood.has(form) && stood.get(form) !== content(form) && buttons.find((part) => "cmpChanged" in part.dataset);
    const button = again || buttons.find((part) => part.dataset.cmpKey === "Ctrl+Enter") || buttons[0];
    if (button) button.click();
    return Boolean(button);
  }

  // Lines ----------------------------------------------------------------------------------------------------------
  const rows = () => all("[data-cmp-row]").filter(seen);
  const lineOf = (row) => row.closest("tr, li") || row.parentElement;
  const current = () => rows().find((row) => lineOf(row).contains(document.activeElement));

  function move(step) {
    const list = rows();
    const at = list.indexOf(current());
    const next = list[at < 0 ? 0 : Math.min(Math.max(at + step, 0), list.length - 1)];
    if (next) next.focus();
  }

  const ACTS = {
    j: () => move(1),
    k: () => move(-1),
    o: () => current()?.click(),
    x: () => {
      const row = current();
      row && lineOf(row).querySelector("input[type=checkbox]")?.click();
    },
  };

  // Which list this is, whatever its language.
  const list = () => {
    const address = new URL(window.location.href);
    address.searchParams.delete("lang");
    return address.pathname + address.search;
  };

  // Whoever comes back from a case stands on its line; where it has left the list, on the line that took its place.
  function places() {
    document.addEventListener("focusin", () => {
      const row = current();
      if (row) put(PLACE, { list: list(), number: row.id, index: rows().indexOf(row) });
    });
    const again = take(AGAIN);
    if (store) store.now.removeItem(AGAIN);
    all("[data-cmp-arrived] a").forEach((link) => link.addEventListener("click", () => put(AGAIN, true)));
    const came = window.performance.getEntriesByType("navigation")[0];
    const asked = window.location.hash.length > 1 && decodeURIComponent(window.location.hash.slice(1));
    const kept = take(PLACE);
    const same = kept && (again || kept.list === list());
    if (!rows().length || !(asked || again || (came && came.type === "back_forward"))) return;
    const named = rows().find((row) => row.id === (asked || (kept && kept.number)));
    const beside = same ? rows()[Math.min(kept.index, rows().length - 1)] : undefined;
    if (asked && !named && document.getElementById(asked)) return;
    (named || beside)?.focus();
  }

  // Ticks -----------------------------------------------------------------------------------------------------------
  const boxes = (name) => all(`input[type=checkbox][name="${name}"]`);
  const uid = (value) => value.split(":")[0];
  // The list whichever of its pages is seen: what is ticked on one is kept on the next, and gone in another list.
  const whole = () => {
    const address = new URL(window.location.href);
    ["lang", "after", "before"].forEach((name) => address.searchParams.delete(name));
    return address.pathname + address.search;
  };

  function ticks() {
    // What was ordered is chosen no more.
    if (store && all("[data-cmp-untick]").length) store.now.removeItem(TICKS);
    for (const output of all("[data-cmp-ticked]")) {
      const name = output.dataset.cmpTicked;
      const form = output.closest("form");
      const kept = take(TICKS);
      let others = [];
      if (kept && kept.list === whole()) {
        // A case may have changed meanwhile; what is ticked is the case.
        boxes(name).forEach((box) => { box.checked = box.checked || kept.values.some((value) => uid(value) === uid(box.value)); });
        others = kept.values.filter((value) => !boxes(name).some((box) => uid(box.value) === uid(value)));
      }
      const words = document.createElement("span");
      const clear = document.createElement("button");
      clear.type = "button";
      clear.className = "cmp-textbutton";
      clear.textContent = output.dataset.clear || "";
      output.after(" ", clear);
      output.append(words);
      const show = () => {
        const values = boxes(name).filter((box) => box.checked).map((box) => box.value).concat(others);
        const say = (text, n) => (text || "").replace("{n}", String(n));
        words.textContent = say(values.length ? output.dataset.words : "", values.length)
          + say(others.length ? output.dataset.elsewhere : "", others.length);
        clear.hidden = !others.length;
        if (values.length || take(TICKS)) put(TICKS, { list: whole(), values });
      };
      clear.addEventListener("click", () => {
        others = [];
        boxes(name).forEach((box) => { box.checked = false; });
        show();
      });
      document.addEventListener("change", show);
      window.addEventListener("pageshow", show);
      form?.addEventListener("submit", (event) => {
        all("[data-cmp-other]", form).forEach((part) => part.remove());
        if (!event.submitter || event.submitter.value !== "ticked") return;
        others.forEach((value) => {
          const hidden = document.createElement("input");
          Object.assign(hidden, { type: "hidden", name, value });
          hidden.dataset.cmpOther = "";
          form.append(hidden);
        });
      });
      show();
    }
  }

  // The sheet --------------------------------------------------------------------------------------------------------
  let sheet = null;

  async function help(link) {
    if (!sheet) {
      try {
        const answer = await fetch(link.href, { redirect: "error" });
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        sheet = made(page.querySelector("[data-cmp-sheet]"));
      } catch {
        window.location.assign(link.href); // logged out or away: the page itself says so
        return;
      }
    }
    if (!sheet.open) sheet.showModal();
  }

  function made(part) {
    const dialog = document.createElement("dialog");
    const heading = document.createElement("h2");
    const shut = part.querySelector("[data-cmp-close]");
    dialog.className = "cmp-dialog";
    heading.id = "cmp-sheet-title";
    heading.textContent = part.dataset.title;
    dialog.setAttribute("aria-labelledby", heading.id);
    all("h2", part).forEach((each) => {
      const lower = document.createElement("h3");
      lower.textContent = each.textContent;
      each.replaceWith(lower);
    });
    shut.hidden = false;
    shut.addEventListener("click", () => dialog.close());
    dialog.append(heading, document.adoptNode(part));
    dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
    document.body.append(dialog);
    switches(dialog);
    return dialog;
  }

  function switches(from = document) {
    all("[data-cmp-keys-off]", from).forEach((words) => { words.hidden = true; });
    for (const label of all("[data-cmp-keys]", from)) {
      const box = label.querySelector("input");
      label.hidden = !store;
      box.checked = on();
      box.addEventListener("change", () => {
        store.here.setItem(SWITCH, box.checked ? "on" : "off");
        all("[data-cmp-keys] input").forEach((other) => { other.checked = box.checked; });
        spoken();
      });
    }
  }

  // A screen reader says the key with its control, while there are keys.
  function spoken() {
    for (const part of all("[data-cmp-key]")) {
      if (!on()) part.removeAttribute("aria-keyshortcuts");
      else if (!part.dataset.cmpKey.includes(" ")) part.setAttribute("aria-keyshortcuts", part.dataset.cmpKey.replace("Ctrl", "Control"));
    }
  }

  // Keys -------------------------------------------------------------------------------------------------------------
  let chord = -Infinity;

  function pressed(event) {
    if (event.defaultPrevented || composing(event) || event.altKey || !on()) return;
    const field = event.target instanceof Element ? event.target : document.body;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      const form = field.form || field.closest("form");
      if (form && !event.repeat && send(form)) event.preventDefault();
      return;
    }
    if (event.ctrlKey || event.metaKey) return;
    if (written(field)) {
      if (event.key === "Escape" && !field.matches("select")) field.blur();
      return;
    }
    if (event.key.length !== 1) return;
    // The letter as it is meant, with the lock of capitals on as well.
    const letter = event.shiftKey ? event.key.toUpperCase() : event.key.toLowerCase();
    if (sheet && sheet.open) {
      if (letter === "?") sheet.close();
      return;
    }
    const second = event.timeStamp - chord < CHORD;
    chord = -Infinity;
    if (!second && letter === "g") {
      chord = event.timeStamp;
      return;
    }
    const part = find(second ? `g ${letter}` : letter);
    if (part && event.repeat) return;
    if (part) letter === "?" && !second ? help(part) : act(part);
    else if (!second && ACTS[letter] && rows().length) ACTS[letter]();
    else return;
    event.preventDefault();
  }

  // Where views stand in one line that is swiped, the present one is in sight.
  const turned = () => all(".cmp-tabs [aria-current]").forEach((part) => {
    const strip = part.closest("ul");
    strip.scrollLeft = part.offsetLeft - strip.offsetLeft - strip.clientWidth / 4;
  });

  function start() {
    all("[data-cmp-changed]").forEach((part) => stood.set(part.form, content(part.form)));
    turned();
    ticks();
    places();
    switches();
    spoken();
    document.addEventListener("keydown", pressed);
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
