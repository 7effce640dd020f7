// Turns messages and customers into elements. Text is always set as text.

const PICTURES = new Set(["image/png", "image/jpeg", "image/gif", "image/avif"]);
const time = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });

/** An element with a class and children; strings become text. */
export function element(tag, className, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

export function initials(name) {
  const words = (name || "Guest").trim().split(/\s+/);
  const letters = words.length > 1 ? words[0][0] + words.at(-1)[0] : words[0].slice(0, 2);
  return letters.toUpperCase();
}

/** Name and kind of whoever wrote a message. */
export function writer(author) {
  switch (author.role) {
    case "end_user": return { name: "You", kind: "customer" };
    case "human_agent": return { name: author.display_name || "Support", kind: "person" };
    default: return { name: "Lumi", kind: "AI agent" };
  }
}

/** One message as an article; `first` says that its author begins to speak here. */
export function message(item, first) {
  const { name, kind } = writer(item.author);
  const at = new Date(item.created_at);
  const article = element("article");
  article.dataset.author = item.author.role;
  article.dataset.messageId = item.message_id;
  article.setAttribute("aria-label", `${name}, ${kind}, ${time.format(at)}`);
  if (first) {
    article.dataset.first = "";
    const stamp = element("time", "", time.format(at));
    stamp.dateTime = item.created_at;
    const label = name === "You" ? [stamp] : [element("b", "", name), ` · ${kind} · `, stamp];
    article.append(element("p", "meta", ...label));
  }
  article.append(bubble(item.content));
  return article;
}

function bubble(content) {
  switch (content?.type) {
    case "text": return element("div", "bubble", String(content.body ?? ""));
    case "link": return element("div", "bubble", anchor(content.url, content.link_text || content.url));
    case "file": return file(content);
    case "presence": return element("div", "bubble strange", String(content.body ?? ""));
    default: return element("div", "bubble strange", content?.body ? String(content.body) : `Content of type ${content?.type ?? "unknown"}`);
  }
}

function file(content) {
  const own = ownPath(content.url);
  if (own && PICTURES.has(content.mime_type)) {
    const image = element("img");
    image.src = own;
    image.alt = content.filename;
    image.addEventListener("error", () => image.replaceWith(content.filename));
    const link = anchor(own, image);
    return element("div", "bubble picture", link);
  }
  const extension = /\.(\w{1,5})$/.exec(content.filename ?? "")?.[1]?.toUpperCase() ?? "FILE";
  const badge = element("span", "kind", extension);
  badge.setAttribute("aria-hidden", "true");
  const link = anchor(own ?? content.url, badge, element("span", "", String(content.filename ?? "File")));
  return element("div", "bubble attachment", link);
}

/** A link, if the address is one for browsers; otherwise only its text. */
function anchor(address, ...children) {
  let url = null;
  try {
    url = new URL(address, location.href);
  } catch {
    // Shown as text below.
  }
  if (!url || !["http:", "https:"].includes(url.protocol)) return element("span", "", ...children);
  const link = element("a", "", ...children);
  link.href = url.href;
  link.target = "_blank";
  link.rel = "noopener noreferrer";
  return link;
}

/** Our own files are fetched from wherever this page came from. */
function ownPath(address) {
  try {
    const url = new URL(address);
    return url.pathname.startsWith("/files/") && url.searchParams.has("X-Amz-Signature") ? url.pathname + url.search : null;
  } catch {
    return null;
  }
}

const STATES = { active_ai: "AI", ended: "Ended" };

/** One customer in the list. */
export function customer(item, { current, unread }) {
  const link = element("a");
  link.href = `/?conversation=${encodeURIComponent(item.conversation_id)}`;
  if (current) link.setAttribute("aria-current", "page");
  const tag = element("span", "tag", item.state === "handoff" ? item.person || "Waiting" : STATES[item.state]);
  tag.dataset.state = item.state;
  const row = element("span", "row", element("span", "name", item.name || "Guest"), tag);
  if (unread) {
    const dot = element("span", "unread");
    dot.append(element("span", "visually-hidden", "New messages"));
    row.append(dot);
  }
  const face = element("span", "initials", initials(item.name));
  face.setAttribute("aria-hidden", "true");
  const prefix = item.last_role === "end_user" ? "You: " : "";
  link.append(face, row, element("span", "last", item.last_text ? prefix + item.last_text : "New chat"));
  return element("li", "", link);
}
