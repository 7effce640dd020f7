// A customer, played over the sandbox's own interface, and what the sandbox knows about their conversation.
import { type APIRequestContext, type APIResponse, expect } from "@playwright/test";

export interface SandboxMessage {
  message_id: string;
  created_at: string;
  author: { role: string; display_name: string | null };
  content: { type: string; body?: string; [key: string]: unknown };
}

export interface SandboxState {
  state: "active_ai" | "handoff" | "ended";
  asking: boolean;
  typing: boolean;
  messages: SandboxMessage[];
  notices: { text: string }[];
  presence: { joined: boolean; display_name: string } | null;
  metadata: Record<string, unknown>;
  trigger: { status: number; took_ms: number } | null;
  end_user_id: string;
}

export class Customer {
  constructor(
    private readonly api: APIRequestContext,
    private readonly sandbox: string,
    readonly id: string,
    readonly name: string,
  ) {}

  static async start(api: APIRequestContext, sandbox: string, name: string, more: object = {}): Promise<Customer> {
    const email = `${name.toLowerCase().normalize("NFD").replace(/[^a-z]+/g, ".")}@example.com`;
    const made = await api.post(`${sandbox}/sandbox/conversations`, { data: { name, email, language: "en", ...more } });
    expect(made.status(), await made.text()).toBe(201);
    const { conversation_id: id } = await made.json();
    return new Customer(api, sandbox, id, name);
  }

  /** Where a person plays this customer. */
  get chatAddress(): string {
    return `${this.sandbox}/?conversation=${encodeURIComponent(this.id)}`;
  }

  async say(text: string): Promise<string> {
    return (await this.post("say", { text })).message_id;
  }

  async link(url: string, link_text?: string): Promise<string> {
    return (await this.post("link", { url, link_text })).message_id;
  }

  async file(name: string, mimeType: string, content: string | Buffer): Promise<string> {
    const file = { name, mimeType, buffer: Buffer.from(content) };
    const answer = await this.api.post(this.address("file"), { multipart: { file } });
    return (await checked(answer)).message_id;
  }

  /** A message with anything at all as its content. */
  async raw(content: unknown, author?: object): Promise<string> {
    return (await this.post("raw", { content, author })).message_id;
  }

  /** Asks for a person; returns once the desk has the handoff. */
  async askForPerson(text?: string): Promise<void> {
    const { state } = await this.post("ask-person", { text });
    expect(state, "the desk took the handoff").toBe("handoff");
  }

  async endHandoff(): Promise<void> {
    await this.post("end-handoff");
  }

  async close(): Promise<void> {
    await this.post("close");
  }

  /** Puts an event on the wire that the sandbox itself would not send. */
  async emit(type: string, data: object, timestamp?: string): Promise<void> {
    await checked(await this.api.post(`${this.sandbox}/sandbox/emit`, { data: { type, data, timestamp } }));
  }

  async state(): Promise<SandboxState> {
    return checked(await this.api.get(this.address("")));
  }

  async metadata(): Promise<Record<string, unknown>> {
    return (await this.state()).metadata;
  }

  /** What people at the desk wrote, in the order in which it arrived at the sandbox. */
  async repliesReceived(): Promise<string[]> {
    const { messages } = await this.state();
    return messages.filter((message) => message.author.role === "human_agent").map((message) => String(message.content.body));
  }

  /** Waits until the AI agent has nothing more to say. */
  async untilQuiet(): Promise<void> {
    await expect.poll(async () => (await this.state()).typing, { message: "the AI agent is done speaking" }).toBe(false);
  }

  /** Ends what is still going on, so that nobody else finds it in the queue. */
  async leave(): Promise<void> {
    await this.api.post(this.address("close"), { data: {} });
  }

  private async post(what: string, data: object = {}): Promise<any> {
    return checked(await this.api.post(this.address(what), { data }));
  }

  private address(what: string): string {
    return `${this.sandbox}/sandbox/conversations/${encodeURIComponent(this.id)}${what && `/${what}`}`;
  }
}

async function checked(answer: APIResponse): Promise<any> {
  expect(answer.ok(), `${answer.url()} answered ${answer.status()}: ${await answer.text()}`).toBe(true);
  return answer.json();
}
