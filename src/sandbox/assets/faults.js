// Which faults there are, in plain words, and the controls for them. The names are those of /sandbox/faults.

import { element } from "./render.js";

const share = (path, name, hint) => ({ path, kind: "share", name, hint });
const toggle = (path, name, hint) => ({ path, kind: "switch", name, hint });
const number = (path, name, hint, min, max, unit) => ({ path, kind: "number", name, hint, min, max, unit });
const choice = (path, name, hint, options) => ({ path, kind: "choice", name, hint, options });

const DAY = 86400000;

/** The controls, group by group. */
export const GROUPS = [
  {
    title: "Webhooks on their way",
    controls: [
      toggle("webhooks.stop", "Stop all webhooks", "As if the endpoint were disabled. What happens meanwhile comes only when you recover it."),
      share("webhooks.lose", "Lose", "Never arrive by themselves."),
      share("webhooks.fail_first", "Leave out the first attempt", "Arrive with the schedule of retries, seconds to hours later."),
      share("webhooks.duplicate", "Deliver twice", "Under the same id."),
      share("webhooks.resend", "Replay under a new id", "As somebody's resend from the dashboard."),
      number("webhooks.shuffle_ms", "Shuffle", "Each delivery waits up to so long, so that they overtake one another.", 0, DAY, "ms"),
      share("webhooks.late", "Hold back", "Wait for the time below, too."),
      number("webhooks.late_ms", "How long they are held back", "Only for those that are held back.", 0, DAY, "ms"),
      share("webhooks.bad_signature", "Wrong signature first", "The next attempt is signed rightly."),
      share("webhooks.stale", "Stale time first", "Ten minutes off; the next attempt is right."),
      toggle("webhooks.two_signatures", "Two signatures", "As during the rotation of a secret."),
      choice("webhooks.headers", "Names of the headers", "Both are in use.", { svix: "svix-id …", webhook: "webhook-id …", mixed: "Now these, now those" }),
    ],
  },
  {
    title: "What webhooks say",
    controls: [
      share("webhooks.sparse", "Leave out optional fields", "In messages."),
      toggle("webhooks.extra_keys", "Add unknown fields", "In every object."),
      choice("webhooks.timestamps", "Form of times", "Ada's documents show all three.",
        { millis: "Milliseconds", seconds: "Whole seconds", naive: "Without offset", mixed: "Now this, now that" }),
      share("webhooks.same_instant", "Share a moment", "A message carries the very time of the one before."),
      share("webhooks.unknown_content", "Add unknown content", "Follows a message, and is part of the chat."),
      share("webhooks.presence", "Add presence", "Follows a message, and is part of the chat."),
      share("webhooks.other_label", "Add other integrations' messages", "Of conversations that are not the desk's."),
      share("webhooks.null_label", "Add the AI agent's messages", "Of conversations that are not the desk's."),
      share("webhooks.unknown_type", "Add events of an unknown type", "Follow a message."),
      { path: "webhooks.wrong_label", kind: "text", name: "Another label", hint: "Every event carries this instead of the integration's." },
    ],
  },
  {
    title: "The handoff trigger",
    controls: [
      share("trigger.twice", "Call twice", "At the same moment."),
      number("trigger.late_ms", "Wait before it", "", 0, DAY, "ms"),
      toggle("trigger.message_first", "A message first", "The customer's message arrives before the trigger."),
      toggle("trigger.wrong_key", "Wrong key", ""),
      toggle("trigger.extra_fields", "Too many fields", "Unset, nested and long ones."),
      toggle("trigger.missing_fields", "Too few fields", "Nothing but the conversation's id."),
      share("trigger.lose_answer", "Lose the desk's answer", "Ada believes that it failed."),
    ],
  },
  {
    title: "Rate limit, clock and files",
    controls: [
      toggle("limits.enforce", "Enforce the rate limit", "Answer 429 beyond it. Excess is counted in any case."),
      toggle("limits.retry_after", "Say when to come again", "Retry-After with each 429."),
      number("limits.per_second", "Calls per second", "", 1, 100000, ""),
      number("limits.per_minute", "Calls per minute", "", 1, 100000, ""),
      number("limits.per_day", "Calls per day", "", 1, 10000000, ""),
      number("clock_offset_ms", "Ada's clock is ahead by", "Below nought: behind.", -DAY, DAY, "ms"),
      number("page_size", "Messages per page", "Empty: as many as asked for.", 1, 100, ""),
      toggle("files_expire", "Links of files have run out", "They answer 403."),
      number("seed", "Seed", "The same seed makes the same day.", 0, Number.MAX_SAFE_INTEGER, ""),
    ],
  },
];

/** What a rule of the API can do. */
export const API_FAULTS = {
  "Refused": { 429: "429 Too many requests", 401: "401 Wrong key", 404: "404 Not found", 413: "413 Too large", 422: "422 Not in a handoff",
    expired: "400 Conversation is expired", bad_type: "400 Type of file refused" },
  "Broken before any effect": { 500: "500 Fault of Ada's", 502: "502 Bad gateway", 503: "503 Unavailable", hang: "Never answers",
    reset_before: "Connection is cut", redirect: "Redirect to another host" },
  "Broken after the effect": { "500_after": "500, but it was done", hang_after: "Done, then never answers", reset_after: "Done, then cut",
    garbage: "Done, answer is garbage", no_id: "Done, answer has no id" },
  "Odd": { slow: "Slow", foreign_page: "Next page on another host" },
};

export const ENDPOINTS = {
  "*": "Every endpoint", get_conversation: "Show conversation", list_messages: "List messages", create_message: "Create message",
  upload_attachment: "Upload attachment", end_handoff: "End handoff", end_conversation: "End conversation", update_metadata: "Update metadata",
  handoff_queue: "Handoff queue", get_end_user: "Show end user",
};

/** Whole settings for a start; the seed stays. */
export const PRESETS = {
  "A bad day": {
    webhooks: { shuffle_ms: 1500, duplicate: 0.15, fail_first: 0.1, late: 0.1, late_ms: 8000, bad_signature: 0.05, sparse: 0.2, timestamps: "mixed" },
    trigger: { twice: 0.2, message_first: true },
    api: [
      { endpoint: "*", share: 0.08, fault: "500" },
      { endpoint: "create_message", share: 0.08, fault: "hang_after" },
      { endpoint: "create_message", share: 0.08, fault: "reset_after" },
      { endpoint: "*", share: 0.1, fault: "slow", slow_ms: 2000 },
    ],
  },
  "Webhooks stopped": { webhooks: { stop: true } },
  "Ada is slow": { api: [{ endpoint: "*", share: 1, fault: "slow", slow_ms: 4000 }] },
  "Rate limit": { limits: { enforce: true, per_second: 2, per_minute: 20 } },
};

const NAMES = Object.fromEntries(GROUPS.flatMap((group) => group.controls.map((control) => [control.path, control.name])));

/** What is on, in words: the path as the sandbox names it. */
export function nameOf(path) {
  if (!path.startsWith("api.")) return NAMES[path] ?? path;
  const [, endpoint, fault] = path.split(".");
  const words = Object.values(API_FAULTS).map((group) => group[fault]).find(Boolean) ?? fault;
  return `${ENDPOINTS[endpoint] ?? endpoint}: ${words}`;
}

export function valueAt(settings, path) {
  return path.split(".").reduce((value, key) => value?.[key], settings);
}

/** A merge patch that sets one path. */
export function patchAt(path, value) {
  return path.split(".").reduceRight((inner, key) => ({ [key]: inner }), value);
}

/** The control for one fault. `change` gets the path and the new value. */
export function control(made, change) {
  const id = `fault-${made.path.replaceAll(".", "-")}`;
  const label = element("label", "name", made.name);
  label.htmlFor = id;
  const hint = made.hint ? element("span", "hint", made.hint) : null;
  if (hint) hint.id = `${id}-hint`;
  const { input, extra } = INPUTS[made.kind](made, change);
  input.id = id;
  input.dataset.path = made.path;
  if (hint) input.setAttribute("aria-describedby", hint.id);
  const row = element("div", `fault ${made.kind}`, element("div", "words", label, hint), element("div", "input", input, extra));
  return row;
}

const INPUTS = {
  switch(made, change) {
    const input = element("input");
    input.type = "checkbox";
    input.setAttribute("role", "switch");
    input.addEventListener("change", () => change(made.path, input.checked));
    return { input };
  },
  share(made, change) {
    const input = element("input");
    Object.assign(input, { type: "range", min: 0, max: 100, step: 1 });
    const extra = element("output", "");
    const show = () => {
      extra.textContent = `${input.value} %`;
      input.setAttribute("aria-valuetext", `${input.value} %`);
    };
    input.addEventListener("input", show);
    input.addEventListener("change", () => change(made.path, Number(input.value) / 100));
    return { input, extra };
  },
  number(made, change) {
    const input = element("input");
    Object.assign(input, { type: "number", min: made.min, max: made.max, step: 1 });
    input.addEventListener("change", () => {
      if (input.checkValidity()) change(made.path, input.value === "" ? null : Number(input.value));
      else input.reportValidity();
    });
    return { input, extra: made.unit ? element("span", "unit", made.unit) : null };
  },
  text(made, change) {
    const input = element("input");
    Object.assign(input, { type: "text", spellcheck: false, autocomplete: "off" });
    input.addEventListener("change", () => change(made.path, input.value.trim() || null));
    return { input };
  },
  choice(made, change) {
    const input = element("select", "", ...Object.entries(made.options).map(([value, words]) => option(value, words)));
    input.addEventListener("change", () => change(made.path, input.value));
    return { input };
  },
};

export function option(value, words) {
  const one = element("option", "", words);
  one.value = value;
  return one;
}

/** Shows a value in its control, unless somebody is just changing it. */
export function show(input, value) {
  if (input.type === "range") input.closest(".fault").dataset.on = value > 0 ? "yes" : "no";
  if (input === document.activeElement && input.type !== "checkbox") return;
  if (input.type === "checkbox") {
    input.checked = Boolean(value);
  } else if (input.type === "range") {
    input.value = Math.round((value ?? 0) * 100);
    input.dispatchEvent(new Event("input"));
  } else {
    input.value = value ?? "";
  }
}
