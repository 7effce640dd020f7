// The control page: what goes wrong on purpose, what there is, what was delivered.

import { API_FAULTS, ENDPOINTS, GROUPS, PRESETS, control, nameOf, option, patchAt, show, valueAt } from "./faults.js";
import * as requests from "./requests.js";
import { element } from "./render.js";

const LISTED = 100;
const part = (id) => document.getElementById(id);
const clock = (value) => new Date(value).toLocaleTimeString(undefined, { hour12: false });
const plural = (count, one, many) => `${count} ${count === 1 ? one : many}`;
let settings = {};
let tables = "";

/** Does something that a person asked for; says so, or why it could not be. */
async function act(doing, done) {
  try {
    const answer = await doing();
    part("said").textContent = typeof done === "function" ? done(answer) : done;
    await refresh();
  } catch (error) {
    part("said").textContent = error.message;
  }
}

const change = (path, value) => act(() => requests.changeFaults(patchAt(path, value)), `Saved: ${nameOf(path)}.`);
const replace = (faults, done) => act(() => requests.replaceFaults({ seed: settings.seed, ...faults }), done);
const saveRules = (api, done) => act(() => requests.changeFaults({ api }), done);

function off(path) {
  if (!path.startsWith("api.")) return change(path, null);
  const [, endpoint, fault] = path.split(".");
  return saveRules(settings.api.filter((rule) => rule.endpoint !== endpoint || rule.fault !== fault), "Removed.");
}

function build() {
  part("groups").replaceChildren(...GROUPS.map((group, number) => {
    const title = element("h2", "", group.title);
    title.id = `group-${number}`;
    const section = element("section", "group", title, element("div", "card", ...group.controls.map((made) => control(made, change))));
    section.setAttribute("aria-labelledby", title.id);
    return section;
  }));
  part("presets").append(...Object.entries(PRESETS).map(([name, faults]) => {
    const button = element("button", "button quiet", name);
    button.type = "button";
    button.addEventListener("click", () => replace(faults, `"${name}" is on.`));
    return button;
  }));
  part("rule-endpoint").append(...Object.entries(ENDPOINTS).map(([value, words]) => option(value, words)));
  part("rule-fault").append(...Object.entries(API_FAULTS).map(([title, faults]) => {
    const group = element("optgroup", "", ...Object.entries(faults).map(([value, words]) => option(value, words)));
    group.label = title;
    return group;
  }));
  part("rule-fault").addEventListener("change", showRuleParts);
  showRuleParts();
}

/** What only some faults have. */
function showRuleParts() {
  const fault = part("rule-fault").value;
  part("rule-slow").closest("p").hidden = fault !== "slow";
  part("rule-retry").closest("p").hidden = fault !== "429";
}

function rule() {
  const fault = part("rule-fault").value;
  const made = { endpoint: part("rule-endpoint").value, share: Number(part("rule-share").value) / 100, fault };
  if (fault === "slow") made.slow_ms = Number(part("rule-slow").value);
  const retry = part("rule-retry").value;
  if (fault === "429" && retry) made.retry_after = retry === "date" ? retry : Number(retry);
  return made;
}

function showFaults(state) {
  const count = state.on.length;
  part("status").textContent = count ? `${plural(count, "fault is", "faults are")} on` : "No fault is on";
  document.body.dataset.faults = count ? "on" : "off";
  part("all-off").disabled = count === 0;
  const chips = state.on.map((path) => {
    const button = element("button", "", nameOf(path), element("span", "cross", "×"));
    button.type = "button";
    button.setAttribute("aria-label", `Switch off: ${nameOf(path)}`);
    button.dataset.key = path;
    button.addEventListener("click", () => off(path));
    return element("li", "", button);
  });
  keepFocus(part("on"), chips);
  for (const input of document.querySelectorAll("[data-path]")) show(input, valueAt(settings, input.dataset.path));
  const rules = settings.api.map((made, place) => {
    const remove = element("button", "button quiet", "Remove");
    remove.type = "button";
    const words = nameOf(`api.${made.endpoint}.${made.fault}`);
    remove.setAttribute("aria-label", `Remove: ${words}`);
    remove.dataset.key = place;
    remove.addEventListener("click", () => saveRules(settings.api.toSpliced(place, 1), `Removed: ${words}.`));
    const more = made.fault === "slow" ? `${made.slow_ms} ms` : made.retry_after ? `Retry-After: ${made.retry_after}` : "";
    return element("li", "rule", element("span", "share", `${Math.round(made.share * 100)} %`),
      element("span", "what", words, more && element("span", "hint", more)), remove);
  });
  keepFocus(part("rules"), rules.length ? rules : [element("li", "none", "Every call is answered as it should be.")]);
}

function showNumbers(state, totals) {
  const numbers = [
    ["Under way", state.pending_deliveries], ["Delivered", state.delivered], ["Lost", state.lost], ["Stopped", state.stopped],
    ["Given up", state.failed], ["Calls", totals.total],
    ["Over the limit", totals.violations.second + totals.violations.minute + totals.violations.day],
    ["Most in a second", totals.most.second], ["Most in a minute", totals.most.minute],
  ];
  if (state.forged_accepted) numbers.push(["Wrong signatures accepted", state.forged_accepted]);
  if (totals.elsewhere.with_key) numbers.push(["Key sent elsewhere", totals.elsewhere.with_key]);
  part("numbers").replaceChildren(...numbers.map(([name, value]) => element("div", "", element("dt", "", name), element("dd", "", String(value)))));
  const missing = state.lost + state.stopped + state.failed;
  part("recover").disabled = missing === 0;
  part("recover").textContent = missing ? `Recover ${plural(missing, "webhook", "webhooks")}` : "Nothing to recover";
}

/** Replaces what a list holds; the button that had the focus has it again. */
function keepFocus(list, items) {
  const focused = list.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  list.replaceChildren(...items);
  if (focused === undefined) return;
  const again = list.querySelector(`[data-key="${CSS.escape(focused)}"]`) ?? list.querySelector("button");
  (again ?? part("status")).focus();
}

function cell(text, state) {
  const made = element("td", "", text === null || text === undefined ? "" : String(text));
  if (state) made.dataset.state = state;
  return made;
}

const id = (text) => element("td", "id", text);
const row = (...cells) => element("tr", "", ...cells);

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
  again.dataset.key = item.svix_id;
  return row(
    cell(item.type), cell(item.state, item.state), cell(item.attempts), cell(item.last_status ?? item.last_error), cell(took),
    cell(clock(item.created_at)), id(item.svix_id), element("td", "", again),
  );
}

function call(item) {
  return row(
    cell(ENDPOINTS[item.endpoint] ?? item.endpoint), cell(item.open ? "open" : item.status ?? "none", item.status >= 400 ? "failed" : ""),
    cell(item.fault), cell(clock(item.at_us / 1000)), id(item.conversation_id ?? ""),
  );
}

function showTables(chats, events, calls) {
  const now = JSON.stringify([chats, events, calls]);
  if (now === tables) return;
  tables = now;
  part("chats").replaceChildren(...(chats.length ? chats.map(chat) : none(7, "Nobody has written yet.")));
  keepFocus(part("events"), events.length ? events.toReversed().map(delivery) : none(8, "Nothing was sent yet."));
  part("calls").replaceChildren(...(calls.length ? calls.toReversed().map(call) : none(5, "The desk has not called yet.")));
}

async function refresh() {
  const [faults, state, totals, chats, events, calls] = await Promise.all([
    requests.faults(), requests.faultState(), requests.totals(), requests.conversations(LISTED), requests.deliveries(LISTED), requests.calls(LISTED),
  ]);
  settings = faults;
  showFaults(state);
  showNumbers(state, totals);
  showTables(chats, events, calls);
}

async function loop() {
  try {
    if (document.visibilityState === "visible") await refresh();
  } catch (error) {
    part("said").textContent = error.message;
  }
  setTimeout(loop, 1000);
}

part("all-off").addEventListener("click", () => replace({}, "All faults are off."));
part("recover").addEventListener("click", () => act(requests.recover, ({ sent }) => `${plural(sent, "webhook is", "webhooks are")} on the way.`));
part("rule-form").addEventListener("submit", (event) => {
  event.preventDefault();
  saveRules([...settings.api, rule()], "Added.");
});
part("events").addEventListener("click", (event) => {
  const svixId = event.target.closest("[data-key]")?.dataset.key;
  if (svixId) act(() => requests.resend(svixId), "Sent once more.");
});

requests.config().then((config) => {
  const pairs = Object.entries(config).map(([key, value]) =>
    element("div", "", element("dt", "", key.replaceAll("_", " ")), element("dd", "", String(value || "none"))));
  part("settings").replaceChildren(...pairs);
}).catch((error) => { part("said").textContent = error.message; });
build();
loop();
