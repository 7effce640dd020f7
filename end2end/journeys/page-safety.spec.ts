// What goes over the wire: headers, escaped pages, no secrets, files that can be kept forever.
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import http from "node:http";
import { SITE } from "../support/demo.ts";
import { escape } from "../support/desk.ts";
import { expect, test } from "../support/test.ts";

const HOSTILE = '</script><script>window.pwned=1</script><img src=x onerror="window.pwned=2"> & \u2028 "quoted"';

interface Raw {
  status: number;
  headers: http.IncomingHttpHeaders;
  body: Buffer;
}

/** Fetches as it comes, without unpacking. */
function fetchRaw(url: string, headers: http.OutgoingHttpHeaders = {}): Promise<Raw> {
  return new Promise((resolve, reject) => {
    http
      .get(url, { headers }, (answer) => {
        const pieces: Buffer[] = [];
        answer.on("data", (piece) => pieces.push(piece));
        answer.on("end", () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(pieces) }));
        answer.on("error", reject);
      })
      .on("error", reject);
  });
}

function policy(raw: Raw): Map<string, string> {
  const parts = String(raw.headers["content-security-policy"]).split(";").map((part) => part.trim().split(/\s+/));
  return new Map(parts.map(([name, ...sources]) => [name, sources.join(" ")]));
}

test("every answer carries its safety headers, and each page a nonce of its own", async ({ demo }) => {
  const [one, two] = [await fetchRaw(`${demo.desk}/login`), await fetchRaw(`${demo.desk}/login`)];
  const nonces = [one, two].map((raw) => {
    const rules = policy(raw);
    expect(rules.get("default-src")).toBe("'none'");
    expect(rules.get("script-src")).toMatch(/'nonce-[A-Za-z0-9+/_-]{16,}={0,2}'/);
    expect(String(raw.headers["content-security-policy"])).not.toMatch(/unsafe-inline|'unsafe-eval'|\*|https?:/);
    expect(rules.get("frame-ancestors")).toBe("'none'");
    expect(rules.get("base-uri")).toBe("'none'");
    expect(rules.get("form-action")).toBe("'self'");
    return /'nonce-([^']+)'/.exec(rules.get("script-src") ?? "")?.[1] ?? "";
  });
  expect(nonces[0]).not.toBe(nonces[1]);
  // Every script of the page carries it, and no style or handler is written into the page.
  const html = one.body.toString();
  const scripts = html.match(/<script\b[^>]*>/g) ?? [];
  expect(scripts.length).toBeGreaterThan(0);
  for (const script of scripts) expect(script).toContain(`nonce="${nonces[0]}"`);
  expect(html).not.toMatch(/\sstyle=|<style\b|\son[a-z]+="/);

  for (const where of ["/login", "/", "/no/such/page", "/healthz", "/favicon.svg", "/api/sign_in"]) {
    const { headers } = await fetchRaw(demo.desk + where);
    expect(headers["x-content-type-options"], where).toBe("nosniff");
    expect(headers["x-frame-options"], where).toBe("DENY");
    expect(headers["referrer-policy"], where).toMatch(/^(no-referrer|same-origin)$/);
    expect(headers["cross-origin-opener-policy"], where).toBe("same-origin");
    expect(headers["content-security-policy"], where).toContain("default-src 'none'");
    expect(headers["server"] ?? headers["x-powered-by"], where).toBeUndefined();
  }
  expect((await fetchRaw(`${demo.desk}/no/such/page`)).status).toBe(404);
  expect((await fetchRaw(`${demo.desk}/login`)).headers["cache-control"]).toBe("no-store");
});

test("the session's cookie is for the server alone, and a request from elsewhere is refused", async ({ demo, playwright }) => {
  const person = await demo.addPerson("Vera Stein");
  const api = await playwright.request.newContext();
  const form = { email: person.email, password: person.password };
  for (const origin of [undefined, "null", "https://evil.example", demo.sandbox]) {
    const answer = await api.post(`${demo.desk}/api/sign_in`, { form, headers: origin ? { origin } : {} });
    expect(answer.status(), `from ${origin}`).toBe(403);
    expect(answer.headers()["set-cookie"]).toBeUndefined();
  }
  const answer = await api.post(`${demo.desk}/api/sign_in`, { form, headers: { origin: demo.desk } });
  const cookie = answer.headers()["set-cookie"];
  expect(cookie).toMatch(/;\s*HttpOnly/i);
  expect(cookie).toMatch(/;\s*SameSite=Strict/i);
  expect(cookie).toMatch(/;\s*Path=\//i);
  await api.dispose();
});

test("the server's page of a conversation is escaped and tells no secret", async ({ demo, newDesk, newCustomer }) => {
  const desk = await newDesk("Ana Kovač");
  const customer = await newCustomer("Zoë </title><script>window.pwned=3</script>", { topic: "<b>billing</b>", metadata: { html: HOSTILE } });
  await customer.askForPerson(HOSTILE);
  const entry = desk.queue.getByRole("listitem").filter({ hasText: "Zoë" });
  await entry.getByRole("button", { name: "Accept" }).click();
  await expect(desk.reply).toBeVisible();
  await desk.write(HOSTILE);
  await expect(desk.transcript.locator('article[data-author="human_agent"]')).toHaveAttribute("data-state", "sent");
  await expect(desk.context.getByRole("rowheader", { name: "html" })).toBeVisible();

  const cookies = await desk.page.context().cookies(demo.desk);
  const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join("; ");
  const raw = await fetchRaw(`${demo.desk}/?handoff=${desk.handoff()}`, { cookie });
  expect(raw.status).toBe(200);
  expect(raw.headers["cache-control"]).toBe("no-store");
  const html = raw.body.toString();
  // It is there, on the page and in the data for the script, and never as markup.
  const has = (what: string) => html.includes(what);
  expect(has("&lt;img src=x onerror="), "the text is there").toBe(true);
  expect(has("window.pwned=1"), "the text is there").toBe(true);
  for (const markup of ["<script>window", "</script><script>window", "<img", "<b>billing", "</title><script"]) {
    expect(has(markup), `${markup} is markup of the page`).toBe(false);
  }
  const nonce = /'nonce-([^']+)'/.exec(String(raw.headers["content-security-policy"]))?.[1];
  const opened = html.match(/<script\b[^>]*>/gi) ?? [];
  expect(opened.length).toBeGreaterThan(1);
  for (const script of opened) expect(script).toContain(`nonce="${nonce}"`);
  expect(html.match(/<\/script/gi)?.length).toBe(opened.length);
  // Keys of Ada, of the webhook, of the trigger, and the session's own cookie stay on the server.
  for (const secret of [/whsec_/i, /\bada_[\w-]{24,}/, /bearer /i, /argon2/i, new RegExp(escape(cookies[0].value))]) {
    expect(secret.test(html), `the page holds ${secret.source.slice(0, 12)}`).toBe(false);
  }

  // And a browser that loads it runs nothing of it.
  await desk.page.reload();
  await desk.untilLive();
  expect(await desk.page.evaluate(() => (window as { pwned?: unknown }).pwned)).toBeUndefined();
  expect((await desk.said("human_agent"))[0]).toBe(HOSTILE);
  // Nobody without the cookie gets any of it.
  const stranger = await fetchRaw(`${demo.desk}/?handoff=${desk.handoff()}`);
  expect(stranger.body.includes("pwned"), "a stranger gets some of it").toBe(false);
});

test("files of the browser half have a hash in their name, are kept forever, and come packed", async ({ demo }) => {
  const html = (await fetchRaw(`${demo.desk}/login`)).body.toString();
  const linked = [...html.matchAll(/(?:href|src)="(\/pkg\/[^"]+)"/g)].map((match) => match[1]);
  expect(linked.map((file) => path.extname(file)).sort()).toEqual([".css", ".js", ".wasm"]);
  for (const file of linked) {
    expect(file).toMatch(/\.[0-9a-f]{16}\.(css|js|wasm)$/);
    const { status, headers, body } = await fetchRaw(demo.desk + file);
    expect(status, file).toBe(200);
    expect(headers["cache-control"], file).toBe("public, max-age=31536000, immutable");
    expect(headers["content-type"], file).toMatch({ ".css": /^text\/css/, ".js": /javascript/, ".wasm": /^application\/wasm/ }[path.extname(file)]!);
    for (const [encoding, ending, unpack] of [["br", ".br", brotliDecompressSync], ["gzip", ".gz", gunzipSync]] as const) {
      // Quick builds leave packing out; what is built for others has it.
      if (!existsSync(path.join(SITE, file + ending))) continue;
      const packed = await fetchRaw(demo.desk + file, { "accept-encoding": encoding });
      expect(packed.headers["content-encoding"], file).toBe(encoding);
      expect(packed.headers["vary"] ?? "", file).toMatch(/accept-encoding/i);
      expect(unpack(packed.body).equals(body), `${file} as ${encoding} is the same file`).toBe(true);
      expect(packed.body.length).toBeLessThan(body.length);
    }
  }
  // Packed files come all together or not at all.
  const files = await readdir(path.join(SITE, "pkg"));
  const of = (ending: string) => files.filter((file) => file.endsWith(ending)).length;
  expect([0, 3]).toContain(of(".br"));
  expect(of(".gz")).toBe(of(".br"));
});
