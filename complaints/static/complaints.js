// Every page works without this file. It adds copying, counting, a guard against a second click and the safety of
// unsent text. It reads its words from data attributes, so that they come from the same catalogue as the page.
(() => {
  "use strict";
  const all = (selector, from = document) => Array.from(from.querySelectorAll(selector));
  const HOURS_2 = 2 * 60 * 60 * 1000;
  const store = (() => {
    try {
      window.sessionStorage.setItem("cmp-probe", "1");
      window.sessionStorage.removeItem("cmp-probe");
      return window.sessionStorage;
    } catch {
      return null; // storage may be switched off; the server keeps the text all the same
    }
  })();

  function summary() {
    const box = document.querySelector("[data-cmp-errors]");
    if (!box) return;
    box.focus();
    box.addEventListener("click", (event) => {
      const link = event.target.closest("a[href^='#']");
      const field = link && document.getElementById(decodeURIComponent(link.hash.slice(1)));
      if (!field) return;
      event.preventDefault();
      (field.closest(".cmp-field") || field).scrollIntoView();
      field.focus({ preventScroll: true });
    });
  }

  function copying() {
    if (!navigator.clipboard || !window.isSecureContext) return;
    for (const button of all("[data-cmp-copy]")) {
      const words = button.querySelector("[role=status]");
      const before = words.textContent;
      button.hidden = false;
      button.addEventListener("click", async () => {
        const target = document.getElementById(button.dataset.cmpCopy);
        try {
          await navigator.clipboard.writeText(target.value ?? target.innerText.trim());
          words.textContent = button.dataset.done;
          setTimeout(() => { words.textContent = before; }, 4000);
        } catch {
          window.getSelection().selectAllChildren(target);
        }
      });
    }
  }

  // How many lines a choice gives, while one chooses; the page says it without script after it is sent.
  function matching() {
    for (const form of all("form[data-cmp-count]")) {
      const words = form.querySelector("[data-cmp-counted]");
      let asked = 0;
      form.addEventListener("change", async () => {
        const mine = ++asked;
        const chosen = new URLSearchParams(new FormData(form));
        chosen.delete("csrf_token");
        try {
          const answer = await fetch(`${form.dataset.cmpCount}?${chosen}`, { redirect: "error" });
          if (answer.ok && mine === asked) words.textContent = await answer.text();
        } catch {
          words.textContent = ""; // better no number than an old one
        }
      });
    }
  }

  function printing() {
    for (const button of all("[data-cmp-print]")) {
      button.hidden = false;
      button.addEventListener("click", () => window.print());
    }
    window.addEventListener("beforeprint", () => all(".cmp details").forEach((part) => { part.open = true; }));
  }

  function counting() {
    for (const field of all("textarea[data-cmp-max]")) {
      const output = document.getElementById(`${field.id}-count`);
      const max = Number(field.dataset.cmpMax);
      if (!output || !max) continue;
      let timer = 0;
      const show = () => {
        // Code points, as the server counts: an emoji or a character of extension B is one.
        const length = Array.from(field.value).length;
        const text = length > max ? output.dataset.over : length >= max * 0.75 ? output.dataset.left : "";
        output.textContent = text.replace("{n}", String(Math.abs(max - length)));
        output.classList.toggle("cmp-over", length > max);
      };
      field.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(show, 400); });
      show();
    }
  }

  function guarding() {
    for (const form of all(".cmp form[method=post]")) {
      form.addEventListener("submit", (event) => {
        if (form.dataset.cmpSent) {
          event.preventDefault();
          return;
        }
        form.dataset.cmpSent = "1";
        // Not disabled: a disabled button would not be sent.
        if (event.submitter) event.submitter.setAttribute("aria-disabled", "true");
        // A download or a lost connection leaves the page standing.
        setTimeout(() => release(form), 15000);
      });
    }
  }

  function release(form) {
    delete form.dataset.cmpSent;
    all("[aria-disabled=true]", form).forEach((button) => button.removeAttribute("aria-disabled"));
  }

  function files() {
    for (const list of all("[data-cmp-files]")) {
      const limit = Number(list.dataset.cmpFiles);
      const input = (row) => row.querySelector("input");
      // One empty row of each kind is enough to see; the next appears when it is used.
      const tidy = () => {
        const empty = new Set();
        for (const row of all("li", list)) {
          row.hidden = !input(row).value && empty.has(input(row).accept);
          if (!input(row).value) empty.add(input(row).accept);
        }
      };
      list.addEventListener("change", (event) => {
        const row = event.target.closest("li");
        mark(list, row, event.target, tidy);
        const rows = all("li", list);
        const alike = rows.filter((other) => input(other).accept === event.target.accept);
        if (rows.length < limit && alike.every((other) => input(other).value)) {
          alike[alike.length - 1].after(another(row, rows.length, alike.length + 1));
        }
        tidy();
      });
      tidy();
    }
  }

  function another(row, index, number) {
    const next = row.cloneNode(true);
    const input = next.querySelector("input");
    const label = next.querySelector("label");
    all(".cmp-chosen", next).forEach((part) => part.remove());
    input.value = "";
    input.id = `${input.id}-more-${index}`;
    label.htmlFor = input.id;
    label.lastElementChild.textContent = label.lastElementChild.textContent.replace(/\d*$/, String(number));
    return next;
  }

  function mark(list, row, input, after) {
    all(".cmp-chosen", row).forEach((part) => part.remove());
    const file = input.files[0];
    if (!file) return;
    const line = document.createElement("span");
    line.className = "cmp-chosen";
    const size = document.createElement("small");
    size.setAttribute("role", "status");
    size.textContent = `${file.name}, ${words(file.size)}`;
    const remove = document.createElement("button");
    remove.type = "button";
    remove.className = "cmp-textbutton";
    remove.textContent = list.dataset.remove;
    remove.setAttribute("aria-label", `${list.dataset.remove} ${file.name}`);
    remove.addEventListener("click", () => { input.value = ""; line.remove(); after(); input.focus(); });
    line.append(size, " ", remove);
    row.append(line);
  }

  const words = (bytes) => (bytes < 1048576 ? `${Math.max(1, Math.round(bytes / 1024))} KB` : `${(bytes / 1048576).toFixed(1)} MB`);

  // Unsent text lives in this tab only, two hours at most, and never includes codes, passwords, hidden fields or files.
  const kept = (form) => all("textarea, select, input", form).filter((field) => field.name && !("cmpNodraft" in field.dataset)
    && !["hidden", "password", "file", "submit", "button"].includes(field.type));
  const ticks = (field) => field.type === "radio" || field.type === "checkbox";

  function drafts() {
    if (!store) return;
    for (const mark of all("[data-cmp-forget]")) forget(mark.dataset.cmpForget);
    for (const link of all("[data-cmp-exit]")) link.addEventListener("click", () => forget(""));
    for (const form of all("form[data-cmp-draft]")) {
      const key = `cmp-draft:${form.dataset.cmpDraft}`;
      restore(form, key);
      let timer = 0;
      const save = () => {
        const fields = kept(form).map((field) => [field.name, field.type, field.value, ticks(field) ? field.checked : null]);
        try {
          store.setItem(key, JSON.stringify({ at: Date.now(), added: form.dataset.cmpAdded, fields }));
        } catch { /* full: the server keeps the text */ }
      };
      form.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(save, 500); });
      // Whoever leaves a field may be on the way to another page.
      ["change", "submit"].forEach((sign) => form.addEventListener(sign, () => { clearTimeout(timer); save(); }));
    }
  }

  function restore(form, key) {
    let saved;
    try {
      saved = JSON.parse(store.getItem(key));
    } catch {
      saved = null;
    }
    if (!saved || Date.now() - saved.at > HOURS_2) {
      store.removeItem(key);
      return;
    }
    const fields = kept(form);
    // What the server sent back is newer than the copy; a form that already holds text is left alone. What it only
    // offers to begin with is older.
    const offered = (field) => ("cmpPrefilled" in form.dataset ? field.defaultValue : "");
    // A text to start from is added to what was written, once.
    const added = form.dataset.cmpAdded;
    const joined = (field, value) => {
      if (!added || field.tagName !== "TEXTAREA" || (value.trim() && saved.added === added)) return value;
      return [value, field.value].filter((part) => part.trim()).join("\n\n");
    };
    if (!added && fields.some((field) => !ticks(field) && field.tagName !== "SELECT" && field.value !== "" && field.value !== offered(field))) return;
    let back = false;
    for (const [name, type, value, checked] of saved.fields) {
      const field = fields.find((other) => other.name === name && other.type === type && (checked === null || other.value === value));
      if (!field) continue;
      if (checked === null) {
        const whole = joined(field, value);
        if (field.value !== whole) {
          field.value = whole;
          back = back || whole !== "";
        }
      } else {
        field.checked = checked;
      }
    }
    const notice = form.querySelector("[data-cmp-restored]");
    if (back && notice) notice.hidden = false;
  }

  function forget(key) {
    for (const name of Object.keys(store)) {
      if (name.startsWith("cmp-draft:") && (!key || name === `cmp-draft:${key}`)) store.removeItem(name);
    }
  }

  function choosing() {
    for (const box of all("[data-cmp-all]")) {
      const rows = () => all(`input[type=checkbox][name="${box.dataset.cmpAll}"]`).filter((row) => row.form === box.form);
      (box.closest("[hidden]") || box).hidden = false;
      box.addEventListener("change", () => rows().forEach((row) => { row.checked = box.checked; }));
    }
  }

  // What came since is only said: nothing moves under a pointer, and the place in the list is kept.
  function arriving() {
    for (const line of all("[data-cmp-arrived]")) {
      const [words, link] = line.children;
      const look = async () => {
        if (document.hidden) return;
        try {
          const answer = await fetch(line.dataset.cmpArrived, { redirect: "error" });
          const said = answer.ok ? await answer.text() : "";
          if (said && said !== words.textContent) words.textContent = said;
          link.hidden = !words.textContent;
        } catch { /* away or logged out: the next page says so */ }
      };
      setInterval(look, 60000);
      document.addEventListener("visibilitychange", look);
    }
  }

  // A claim is renewed while its page is seen and used; a page that only stands open lets it lapse.
  function staying() {
    for (const form of all("form[data-cmp-renew]")) {
      const words = form.querySelector("[data-lost]");
      let used = false;
      for (const sign of ["keydown", "pointerdown", "scroll"]) document.addEventListener(sign, () => { used = true; }, { passive: true });
      const timer = setInterval(async () => {
        if (document.hidden || !used) return;
        used = false;
        const token = new URLSearchParams(new FormData(form));
        try {
          const answer = await fetch(form.dataset.cmpRenew, { method: "POST", body: token, redirect: "error" });
          if (answer.status !== 409) return;
          words.textContent = words.dataset.lost;
          clearInterval(timer);
        } catch { /* away or logged out: the next page says so */ }
      }, 240000);
    }
  }

  window.addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    // On a shared phone "back" must not show a case that was left.
    if (document.querySelector("[data-cmp-private]")) window.location.reload();
    all("form").forEach(release);
  });

  const start = () => [summary, copying, printing, files, drafts, counting, guarding, choosing, matching, arriving, staying].forEach((part) => part());
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
