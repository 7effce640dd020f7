// The sandbox's chat page, on which a person plays the customer.
import { expect, type Locator, type Page } from "@playwright/test";

export class Chat {
  readonly log: Locator;
  readonly box: Locator;

  constructor(readonly page: Page) {
    this.log = page.getByRole("log", { name: "Chat" });
    this.box = page.getByRole("textbox", { name: "Message" });
  }

  /** Starts a chat as somebody, and returns the conversation's id. */
  async start(sandbox: string, name: string, email: string): Promise<string> {
    await this.page.goto(`${sandbox}/`);
    await expect(this.page.locator("body")).toHaveAttribute("data-connection", "live");
    // The page fills the form with a sample customer once it has them.
    await expect(this.page.getByLabel("Name")).not.toHaveValue("");
    await this.page.getByLabel("Name").fill(name);
    await this.page.getByLabel("Email").fill(email);
    await this.page.getByLabel("Language").selectOption("en");
    await this.page.getByLabel("Topic").selectOption("");
    await this.page.getByRole("button", { name: "Start chat" }).click();
    await expect(this.log).toBeVisible();
    return new URL(this.page.url()).searchParams.get("conversation") ?? "";
  }

  async open(address: string): Promise<void> {
    await this.page.goto(address);
    await expect(this.log).toBeVisible();
    await expect(this.page.locator("body")).toHaveAttribute("data-connection", "live");
  }

  async write(text: string): Promise<void> {
    await this.box.fill(text);
    await this.box.press("Enter");
    await expect(this.message(text)).toBeVisible();
  }

  async sendLink(url: string, text: string): Promise<void> {
    await this.page.getByRole("button", { name: "Send link" }).click();
    const dialog = this.page.getByRole("dialog", { name: "Send a link" });
    await dialog.getByLabel("Address").fill(url);
    await dialog.getByLabel("Text (optional)").fill(text);
    await dialog.getByRole("button", { name: "Add link" }).click();
    await expect(this.message(text)).toBeVisible();
  }

  async sendFile(name: string, mimeType: string, content: string): Promise<void> {
    await this.page.getByLabel("File", { exact: true }).setInputFiles({ name, mimeType, buffer: Buffer.from(content) });
    await expect(this.message(name)).toBeVisible();
  }

  message(text: string | RegExp): Locator {
    return this.log.getByRole("article").filter({ hasText: text });
  }

  async said(): Promise<string[]> {
    return this.log.locator("article .bubble").evaluateAll((bubbles) => bubbles.map((bubble) => bubble.textContent?.trim() ?? ""));
  }
}
