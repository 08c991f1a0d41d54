// Streams an answer into the page; without this file the form is posted and the page comes back.
const form = document.getElementById("ask");
const turns = document.getElementById("turns");
const field = document.getElementById("prompt");
const fresh = document.getElementById("new-talk");
const send = document.getElementById("send");
const stop = document.getElementById("stop");
let running = null;

function add(kind, who, text) {
  const turn = document.createElement("li");
  turn.className = `turn ${kind}`;
  const words = document.createElement("p");
  words.className = "words";
  const speaker = document.createElement("span");
  speaker.className = "hidden";
  speaker.textContent = `${who}：`;
  const said = document.createElement("span");
  said.textContent = text;
  words.append(speaker, said);
  turn.append(words);
  turns.append(turn);
  return { turn, words, said };
}

function follow() {
  const page = document.documentElement;
  page.scrollTop = page.scrollHeight;
}

// An answer that was stopped gives way to one sentence, whoever reported it.
function take(gone) {
  for (const id of gone) {
    const turn = turns.querySelector(`[data-answer="${id}"]`);
    const words = turn?.querySelector(".words");
    if (!words || words.classList.contains("handled")) continue;
    words.classList.add("handled");
    words.lastElementChild.textContent = form.dataset.handled;
    turn.querySelector(".below")?.remove();
  }
}

function note(element, sentence, link) {
  const said = element.closest(".below")?.querySelector(".note");
  if (!said) return;
  said.textContent = sentence;
  if (link) said.append(" ", link);
  said.hidden = false;
}

function busy(controller) {
  running = controller;
  send.hidden = Boolean(controller);
  stop.hidden = !controller;
}

async function* events(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    rest += value;
    const whole = rest.split("\n\n");
    rest = whole.pop();
    for (const event of whole) yield JSON.parse(event.slice("data: ".length));
  }
}

async function ask(prompt) {
  document.getElementById("hello").hidden = true;
  fresh.hidden = false;
  add("asked", "您", prompt);
  const { turn, words, said } = add("answered", form.dataset.product, "");
  turn.classList.add("waiting");
  // Read aloud once it is whole, not piece by piece.
  turn.setAttribute("aria-busy", "true");
  follow();
  const controller = new AbortController();
  busy(controller);
  const fail = (sentence) => {
    said.textContent = sentence;
    words.classList.add("fault");
    if (!field.value) field.value = prompt;
  };
  try {
    const body = new URLSearchParams({ prompt });
    const response = await fetch(form.dataset.stream, { method: "POST", body, signal: controller.signal });
    if (!response.ok) throw new Error(response.status);
    let finished = false;
    for await (const data of events(response)) {
      if (data.piece) said.textContent += data.piece;
      if (data.fault) fail(data.fault);
      if (data.id) turn.dataset.answer = data.id;
      // Our own server's template, autoescaped there.
      if (data.below) turn.insertAdjacentHTML("beforeend", data.below);
      if (data.gone) take(data.gone);
      finished = "below" in data || Boolean(data.fault);
      follow();
    }
    if (!finished) throw new Error("broken off");
  } catch {
    // What was stopped half-way carries no seal, so it has no report button either.
    if (controller.signal.aborted) said.textContent += "（已停止）";
    else fail(form.dataset.silent);
  } finally {
    turn.classList.remove("waiting");
    turn.removeAttribute("aria-busy");
    busy(null);
  }
}

function start(prompt) {
  if (running || !prompt.trim()) return;
  field.value = "";
  ask(prompt.trim());
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const chip = event.submitter?.name === "prompt" ? event.submitter.value : "";
  start(chip || field.value);
  if (chip) field.focus({ preventScroll: true });
});
field.addEventListener("keydown", (event) => {
  // keyCode 229: an input method is composing, and Enter chooses a word.
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
  event.preventDefault();
  if (field.value.trim()) form.requestSubmit();
});
stop.addEventListener("click", () => {
  running?.abort();
  field.focus({ preventScroll: true });
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") running?.abort();
});

// Only a rating: it stays with the product.
document.addEventListener("complaints-feedback", async (event) => {
  const id = event.target.closest("[data-answer]")?.dataset.answer;
  const body = new URLSearchParams({ id, kind: event.detail.kind });
  try {
    const answer = await fetch(form.dataset.rate, { method: "POST", body });
    note(event.target, answer.ok ? "谢谢，已记下您的评价。这不是投诉。" : "没有记下，请稍后再试。");
  } catch {
    note(event.target, "没有记下，请稍后再试。");
  }
});
document.addEventListener("complaints-filed", (event) => {
  const link = document.createElement("a");
  link.href = form.dataset.track;
  link.textContent = "查询进度";
  note(event.target, `已收到您的投诉，编号${event.detail.number}。`, link);
});
document.addEventListener("visibilitychange", async () => {
  if (document.hidden || running || !turns.querySelector("[data-answer]")) return;
  try {
    const answer = await fetch(form.dataset.handledAt);
    if (answer.ok) take((await answer.json()).gone);
  } catch {
    // The page stands as it is; the next question or a reload says it too.
  }
});
