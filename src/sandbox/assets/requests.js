// What the pages ask of the sandbox.

/** Sends JSON and answers with JSON; throws an Error with a sentence for people. */
async function send(method, path, body) {
  const options = { method, headers: {} };
  if (body instanceof FormData) {
    options.body = body;
  } else if (body !== undefined) {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  let answer;
  try {
    answer = await fetch(`/sandbox${path}`, options);
  } catch {
    throw new Error("The sandbox cannot be reached. Please try again.");
  }
  const data = await answer.json().catch(() => ({}));
  if (!answer.ok) {
    throw new Error(data.errors?.[0]?.message ?? `The sandbox answered ${answer.status}.`);
  }
  return data;
}

const chat = (id) => `/conversations/${encodeURIComponent(id)}`;

export const samples = () => send("GET", "/samples").then((data) => data.samples);
export const start = (customer) => send("POST", "/conversations", customer);
export const say = (id, text) => send("POST", `${chat(id)}/say`, { text });
export const sendLink = (id, url, text) => send("POST", `${chat(id)}/link`, { url, link_text: text || undefined });
export const askPerson = (id) => send("POST", `${chat(id)}/ask-person`, {});
export const leave = (id) => send("POST", `${chat(id)}/end-handoff`);
export const close = (id) => send("POST", `${chat(id)}/close`);
export function sendFile(id, file) {
  const form = new FormData();
  form.append("file", file, file.name);
  return send("POST", `${chat(id)}/file`, form);
}

export const config = () => send("GET", "/config");
export const conversations = (limit) => send("GET", `/conversations?limit=${limit}`).then((data) => data.conversations);
export const deliveries = (limit) => send("GET", `/deliveries?limit=${limit}`).then((data) => data.deliveries);
export const resend = (id) => send("POST", `/resend/${encodeURIComponent(id)}`);

export const faults = () => send("GET", "/faults");
export const changeFaults = (patch) => send("PATCH", "/faults", patch);
export const replaceFaults = (all) => send("PUT", "/faults", all);
export const faultState = () => send("GET", "/faults/state");
export const recover = () => send("POST", "/recover");
export const calls = (limit) => send("GET", `/calls?limit=${limit}`);
export const totals = () => send("GET", "/calls/totals");
