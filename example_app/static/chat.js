// Streams an answer into the page; without this file the form is posted and the page comes back.
const form = document.getElementById("ask");
const turns = document.getElementById("turns");
const prompt = document.getElementById("prompt");

function add(kind, text) {
  const turn = document.createElement("li");
  turn.className = `turn ${kind}`;
  const words = document.createElement("p");
  words.className = kind === "answered" ? "words" : "";
  words.textContent = text;
  turn.append(words);
  turns.append(turn);
  turn.scrollIntoView({ block: "nearest" });
  return { turn, words };
}

async function ask() {
  const body = new URLSearchParams({ prompt: prompt.value });
  add("asked", prompt.value);
  const { turn, words } = add("answered", "…");
  prompt.value = "";
  let text = "";
  try {
    const response = await fetch(form.dataset.stream, { method: "POST", body });
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      rest += value;
      const events = rest.split("\n\n");
      rest = events.pop();
      for (const event of events) {
        const data = JSON.parse(event.slice(6));
        if (data.piece) words.textContent = text += data.piece;
        if (data.fault) words.textContent = data.fault;
        // Our own server's template, autoescaped there.
        if (data.report) turn.insertAdjacentHTML("beforeend", data.report);
      }
    }
  } catch {
    words.textContent = text || "连接断开了，请再试一次。";
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (prompt.value.trim()) ask();
});
prompt.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    form.requestSubmit();
  }
});
