// The control page: what there is, what was delivered.

import * as requests from "./requests.js";
import { element } from "./render.js";

const LISTED = 200;
const part = (id) => document.getElementById(id);
const clock = (value) => new Date(value).toLocaleTimeString(undefined, { hour12: false });
let before = "";

function cell(text, state) {
  const made = element("td", "", text === null || text === undefined ? "" : String(text));
  if (state) made.dataset.state = state;
  return made;
}

function id(text) {
  return element("td", "id", text);
}

function row(...cells) {
  return element("tr", "", ...cells);
}

function none(columns, text) {
  const made = element("td", "none", text);
  made.colSpan = columns;
  return [row(made)];
}

function chat(item) {
  const link = element("a", "", item.name || "Guest");
  link.href = `/?conversation=${encodeURIComponent(item.conversation_id)}`;
  return row(
    element("td", "", link), cell(item.state.replace("_", " "), item.state), cell(item.person), cell(item.channel),
    cell(item.messages), cell(clock(item.updated_at)), id(item.conversation_id),
  );
}

function delivery(item) {
  const last = item.tries.at(-1);
  const took = last ? `${((last.answered_at_us - last.at_us) / 1000).toFixed(1)} ms` : "";
  const again = element("button", "button quiet", "Resend");
  again.type = "button";
  again.setAttribute("aria-label", `Resend ${item.svix_id}`);
  again.dataset.resend = item.svix_id;
  return row(
    cell(item.type), cell(item.state, item.state), cell(item.attempts), cell(item.last_status ?? item.last_error), cell(took),
    cell(clock(item.created_at)), id(item.svix_id), element("td", "", again),
  );
}

async function refresh() {
  const [chats, events] = await Promise.all([requests.conversations(), requests.deliveries(LISTED)]);
  const now = JSON.stringify([chats, events]);
  part("status").textContent = `${chats.length} conversations, ${events.length} latest deliveries`;
  if (now === before) return;
  before = now;
  const focused = document.activeElement?.dataset?.resend;
  part("chats").replaceChildren(...(chats.length ? chats.map(chat) : none(7, "Nobody has written yet.")));
  part("events").replaceChildren(...(events.length ? events.reverse().map(delivery) : none(8, "Nothing was sent yet.")));
  if (focused) part("events").querySelector(`[data-resend="${CSS.escape(focused)}"]`)?.focus();
}

async function loop() {
  try {
    await refresh();
  } catch (error) {
    part("status").textContent = error.message;
  }
  setTimeout(loop, 1500);
}

part("events").addEventListener("click", async (event) => {
  const svixId = event.target.closest("[data-resend]")?.dataset.resend;
  if (!svixId) return;
  try {
    await requests.resend(svixId);
  } catch (error) {
    part("status").textContent = error.message;
  }
});

requests.config().then((settings) => {
  const pairs = Object.entries(settings).map(([key, value]) =>
    element("div", "", element("dt", "", key.replaceAll("_", " ")), element("dd", "", String(value || "none"))));
  part("settings").replaceChildren(...pairs);
}).catch((error) => { part("status").textContent = error.message; });
loop();
