// The desk as a person finds their way in it: by roles and names.
import { expect, type Locator, type Page } from "@playwright/test";
import type { Person } from "./demo.ts";

export class Desk {
  readonly queue: Locator;
  readonly mine: Locator;
  readonly conversation: Locator;
  readonly context: Locator;
  readonly transcript: Locator;
  readonly reply: Locator;
  readonly send: Locator;
  readonly dialog: Locator;

  constructor(readonly page: Page, readonly person: Person, readonly address: string) {
    this.queue = page.getByRole("region", { name: "Queue" });
    this.mine = page.getByRole("region", { name: "My conversations" });
    this.conversation = page.getByRole("region", { name: "Conversation", exact: true });
    this.context = page.getByRole("region", { name: "Context" });
    this.transcript = page.getByRole("log", { name: "Transcript" });
    this.reply = page.getByRole("textbox", { name: "Reply" });
    this.send = page.getByRole("button", { name: "Send", exact: true });
    this.dialog = page.getByRole("dialog", { name: "End handoff" });
  }

  /** Goes to the desk, or to one conversation at it, and waits until changes arrive by themselves. */
  async open(handoff?: string): Promise<void> {
    await this.page.goto(handoff ? `${this.address}/?handoff=${handoff}` : `${this.address}/`);
    await this.untilLive();
  }

  async untilLive(): Promise<void> {
    await expect(this.page.locator("body")).toHaveAttribute("data-connection", "live", { timeout: 15_000 });
  }

  /** The entry of somebody who waits. */
  waiting(name: string): Locator {
    return this.queue.getByRole("listitem").filter({ hasText: name });
  }

  /** The entry of one of my conversations. */
  own(name: string): Locator {
    return this.mine.getByRole("link", { name: new RegExp(escape(name)) });
  }

  async accept(name: string): Promise<void> {
    await this.waiting(name).getByRole("button", { name: "Accept" }).click();
    await this.untilOpen(name);
    await expect(this.reply).toBeVisible();
  }

  async untilOpen(name: string): Promise<void> {
    await expect(this.conversation.getByRole("heading", { name })).toBeVisible();
  }

  /** The id of the handoff that is open. */
  handoff(): string {
    return new URL(this.page.url()).searchParams.get("handoff") ?? "";
  }

  /** Messages that say something. */
  message(text: string | RegExp): Locator {
    return this.transcript.getByRole("article").filter({ hasText: text });
  }

  /** Writes as a person does, and sends. */
  async write(text: string): Promise<void> {
    await this.reply.fill(text);
    await this.send.click();
    await expect(this.reply).toHaveValue("");
  }

  /** What was said, in the order of the page; folded messages too. */
  async said(author?: string): Promise<string[]> {
    const articles = this.transcript.locator(author ? `article[data-author="${author}"]` : "article");
    return articles.locator(".bubble").evaluateAll((bubbles) => bubbles.map((bubble) => bubble.textContent?.trim() ?? ""));
  }

  async openEndDialog(): Promise<void> {
    await this.conversation.getByRole("button", { name: "End handoff" }).click();
    await expect(this.dialog).toBeVisible();
  }

  async end(way: "Return to AI agent" | "End conversation", outcome = "", note = ""): Promise<void> {
    await this.openEndDialog();
    if (outcome) await this.dialog.getByRole("combobox", { name: "Outcome" }).fill(outcome);
    if (note) await this.dialog.getByRole("textbox", { name: "Note" }).fill(note);
    await this.dialog.getByRole("button", { name: way }).click();
    await expect(this.dialog).toBeHidden();
  }

  async signOut(): Promise<void> {
    await this.page.getByRole("button", { name: /^You: / }).click();
    await this.page.getByRole("button", { name: "Sign out" }).click();
    await expect(this.page).toHaveURL(/\/login$/);
  }
}

export function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
