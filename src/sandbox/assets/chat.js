// The chat page: one conversation at a time, chosen by the address, kept fresh by Server-Sent Events.

import * as requests from "./requests.js";
import * as render from "./render.js";

const part = (id) => document.getElementById(id);
const log = part("log");
const box = part("message");
const seen = new Map(); // conversation id → messages looked at
const shown = new Map(); // message id → its article

let current = null; // id from the address
let state = null; // last state of it
let list = [];
let source = null;
let retry = 0;
let samples = [];
let busy = false;

// --- Which conversation ---

function open() {
  current = new URLSearchParams(location.search).get("conversation");
  state = null;
  shown.clear();
  log.replaceChildren();
  showProblem("problem", "");
  document.body.dataset.view = current ? "chat" : "start";
  document.body.dataset.people = "closed";
  part("show-people").setAttribute("aria-expanded", "false");
  draw();
  drawList();
  listen();
  if (!current) fillSample();
}

function go(address) {
  history.pushState(null, "", address);
  open();
  (current ? box : part("name")).focus({ preventScroll: true });
}

addEventListener("popstate", open);
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href]");
  const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
  if (!link || !plain || link.target || new URL(link.href).pathname !== "/") return;
  event.preventDefault();
  go(link.href);
});

// --- Live updates ---

function listen() {
  source?.close();
  clearTimeout(retry);
  const query = current ? `?conversation=${encodeURIComponent(current)}` : "";
  const mine = new EventSource(`/sandbox/stream${query}`);
  source = mine;
  mine.onopen = () => connection("live");
  mine.onerror = () => {
    connection("reconnecting");
    // The browser tries again by itself unless it has given up.
    if (mine.readyState === EventSource.CLOSED && source === mine) retry = setTimeout(listen, 2000);
  };
  mine.addEventListener("list", (event) => {
    list = JSON.parse(event.data);
    drawList();
  });
  mine.addEventListener("conversation", (event) => {
    state = JSON.parse(event.data);
    draw();
  });
  mine.addEventListener("gone", () => {
    history.replaceState(null, "", "/");
    open();
    showProblem("start-problem", "That chat is no longer there: the sandbox forgets everything when it stops.");
  });
}

// Browsers allow few streams to one server: hidden tabs give theirs up, and get the whole state when they come back.
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) return listen();
  clearTimeout(retry);
  source?.close();
});

function connection(value) {
  document.body.dataset.connection = value;
  part("offline").hidden = value === "live";
}

// --- Drawing ---

function draw() {
  const chatting = current !== null;
  const ended = state?.state === "ended";
  const waiting = state?.asking || (state?.state === "handoff" && !state.presence);
  part("start").hidden = chatting;
  log.hidden = !chatting;
  part("composer").hidden = !chatting || ended;
  part("over").hidden = !chatting || !ended;
  part("close").hidden = !chatting || !state || ended;
  part("person").hidden = state?.state === "handoff";
  part("person").disabled = !state || state.asking;
  part("leave").hidden = state?.state !== "handoff";
  part("chips").hidden = !state || state.state !== "active_ai" || state.asking || state.messages.some((m) => m.author.role === "end_user");
  part("typing").hidden = !state?.typing || state.state !== "active_ai" || state.asking;
  part("banner").hidden = !waiting || ended;
  setText("banner-text", state?.asking ? "Looking for a person…" : state?.queue?.text ?? "Waiting for a person");
  drawHead(chatting, ended, waiting);
  if (state) drawMessages();
}

function drawHead(chatting, ended, waiting) {
  const person = state?.presence?.display_name;
  const face = part("face");
  face.dataset.kind = person ? "person" : "ai";
  face.textContent = person ? render.initials(person) : "";
  setText("who-name", person ?? (chatting ? "Lumi" : "Lumen & Oak"));
  const customer = state?.end_user.profile.display_name;
  const line = !chatting ? "We're here to help" : ended ? "Chat ended" : person ? "Person at Lumen & Oak"
    : waiting ? "Fetching a person" : "AI agent of Lumen & Oak";
  setText("who-state", line);
  box.placeholder = customer ? `Write as ${customer}…` : "Write a message…";
  document.title = customer ? `${customer} · Lumen & Oak chat` : "Lumen & Oak · Chat";
}

function drawMessages() {
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 90;
  const fresh = shown.size === 0;
  const rows = [];
  const notices = [...state.notices];
  let before = null;
  state.messages.forEach((item, number) => {
    while (notices.length && notices[0].after <= number) {
      rows.push(notice(notices.shift()));
      before = null;
    }
    const speaker = `${item.author.role} ${item.author.display_name}`;
    let article = shown.get(item.message_id);
    if (!article) {
      article = render.message(item, speaker !== before);
      shown.set(item.message_id, article);
    }
    rows.push(article);
    before = speaker;
  });
  rows.push(...notices.map(notice));
  place(rows);
  seen.set(current, state.messages.length);
  const own = state.messages.at(-1)?.author.role === "end_user";
  if (fresh || atEnd || own) log.scrollTop = log.scrollHeight;
  drawList();
}

/** Puts the rows in order and touches only what moved, so that screen readers hear only what is new. */
function place(rows) {
  const wanted = new Set(rows);
  for (const row of [...log.children]) if (!wanted.has(row)) row.remove();
  rows.forEach((row, number) => {
    if (log.children[number] !== row) log.insertBefore(row, log.children[number] ?? null);
  });
}

function notice(item) {
  const key = `notice ${item.after} ${item.text} ${item.created_at}`;
  if (!shown.has(key)) shown.set(key, render.element("p", "notice", item.text));
  return shown.get(key);
}

function drawList() {
  part("list-empty").hidden = list.length > 0;
  const focused = document.activeElement?.closest?.("#list a")?.href;
  part("list").replaceChildren(...list.map((item) => {
    const id = item.conversation_id;
    if (!seen.has(id)) seen.set(id, item.messages);
    return render.customer(item, { current: id === current, unread: id !== current && item.messages > seen.get(id) });
  }));
  if (focused) [...part("list").querySelectorAll("a")].find((link) => link.href === focused)?.focus();
}

// --- What the customer does ---

async function act(work) {
  if (busy) return false;
  busy = true;
  showProblem("problem", "");
  try {
    await work();
    return true;
  } catch (error) {
    showProblem("problem", error.message);
    return false;
  } finally {
    busy = false;
  }
}

async function sendText() {
  const text = box.value.trim();
  const id = current;
  if (!text || !id) return;
  const sent = await act(() => requests.say(id, text));
  // What was typed meanwhile stays.
  if (sent && current === id && box.value.trim() === text) box.value = "";
  grow();
  box.focus();
}

function grow() {
  box.rows = Math.min(6, Math.max(1, box.value.split("\n").length));
}

part("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  sendText();
});
box.addEventListener("input", grow);
box.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  sendText();
});
part("chips").addEventListener("click", (event) => {
  const chip = event.target.closest("button");
  if (chip) act(() => requests.say(current, chip.textContent)).then(() => box.focus());
});
part("person").addEventListener("click", () => act(() => requests.askPerson(current)).then(() => box.focus()));
part("leave").addEventListener("click", () => act(() => requests.leave(current)).then(() => box.focus()));
part("close").addEventListener("click", () => act(() => requests.close(current)));
part("attach").addEventListener("click", () => part("file").click());
part("file").addEventListener("change", async () => {
  const [file] = part("file").files;
  if (file) await act(() => requests.sendFile(current, file));
  part("file").value = "";
});

const dialog = part("link-dialog");
part("link").addEventListener("click", () => dialog.showModal());
part("link-cancel").addEventListener("click", () => dialog.close());
part("link-form").addEventListener("submit", () => {
  const [url, text] = [part("link-url").value, part("link-text").value.trim()];
  part("link-form").reset();
  act(() => requests.sendLink(current, url, text));
});

// --- Starting a chat ---

async function fillSample() {
  if (!samples.length) samples = await requests.samples().catch(() => []);
  if (current || !samples.length) return;
  const others = samples.filter((sample) => sample.name !== part("name").value);
  const sample = others[Math.floor(Math.random() * others.length)];
  for (const key of ["name", "email", "language", "topic"]) part(key).value = sample[key];
}

part("shuffle").addEventListener("click", fillSample);
part("start").addEventListener("submit", async (event) => {
  event.preventDefault();
  if (busy) return;
  busy = true;
  const customer = Object.fromEntries(new FormData(part("start")));
  customer.metadata = samples.find((sample) => sample.name === customer.name)?.metadata;
  try {
    const made = await requests.start(customer);
    showProblem("start-problem", "");
    go(`/?conversation=${encodeURIComponent(made.conversation_id)}`);
  } catch (error) {
    showProblem("start-problem", error.message);
  } finally {
    busy = false;
  }
});

// --- The list on small screens ---

function showPeople(visible) {
  document.body.dataset.people = visible ? "open" : "closed";
  part("show-people").setAttribute("aria-expanded", String(visible));
  part(visible ? "hide-people" : "show-people").focus();
}
part("show-people").addEventListener("click", () => showPeople(true));
part("hide-people").addEventListener("click", () => showPeople(false));
addEventListener("keydown", (event) => {
  if (event.key === "Escape" && document.body.dataset.people === "open") showPeople(false);
});

function showProblem(id, text) {
  part(id).hidden = !text;
  setText(id, text);
}

/** Touches the page only when the text is new, so that it is read out once. */
function setText(id, text) {
  if (part(id).textContent !== text) part(id).textContent = text;
}

open();
