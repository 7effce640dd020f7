// How every page looks, in light and dark, wide, medium and on a phone. The pictures are under results/screens.
import { Chat } from "../support/chat.ts";
import type { Customer } from "../support/customer.ts";
import { expectSteady, look, SIZES, watchShifts } from "../support/looks.ts";
import { expect, test } from "../support/test.ts";

const SURVEY = { type: "carousel", body: "Pick one of these lamps", items: [{ title: "Ember" }, { title: "Heron" }] };

/** An ordinary talk with the AI agent, long enough to be folded. */
async function talkToTheAiAgent(customer: Customer): Promise<void> {
  const say = async (author: string, body: string) => customer.raw({ type: "text", body }, { role: author });
  await customer.untilQuiet();
  await say("end_user", "Hello, I was charged twice for order LO-48213.");
  await say("ai_agent", "I'm sorry about the trouble with your bill. A second charge is often only a reservation: banks drop it within 3 days.");
  await say("end_user", "It has been there for two weeks.");
  await say("ai_agent", "Then it needs a person's look. Could you tell me the last four digits of the card?");
  await say("end_user", "4242");
  await say("ai_agent", "Thank you, I've noted them.");
}

test("the sign-in page and a page that is not there", async ({ demo, newWindow, faults }) => {
  const page = await (await newWindow({ reducedMotion: "reduce" })).newPage();
  await page.goto(`${demo.desk}/login`);
  await look(page, "login");
  faults.allow(/^console error: Failed to load resource: .* (404|422) /);
  await page.getByRole("textbox", { name: "Email" }).fill("ana@example.com");
  await page.getByRole("textbox", { name: "Password" }).fill("not the password at all");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("alert")).not.toBeEmpty();
  await look(page, "login-refused", { sizes: ["wide", "phone"] });

  await page.goto(`${demo.desk}/no/such/page`);
  await expect(page.getByRole("heading", { name: "There is no page here" })).toBeVisible();
  await look(page, "not-found");
});

test("the desk: empty, and with people who wait", async ({ newDesk, newCustomer }) => {
  const desk = await newDesk("Ana Kovač", "agent", { reducedMotion: "reduce" });
  await expect(desk.queue).toContainText("Nobody is waiting");
  await look(desk.page, "desk-empty");

  for (const [first, topic] of [["Camille", "delivery"], ["Jonas", "return"], ["Mei", "password"], ["Omar", ""], ["Ingrid", "billing"]]) {
    const customer = await newCustomer(first, { topic });
    await customer.askForPerson();
    await expect(desk.waiting(customer.name)).toBeVisible();
  }
  await look(desk.page, "queue");
});

test("a conversation, from the first word to the end", async ({ demo, newDesk, newCustomer, faults }) => {
  test.setTimeout(90_000);
  const desk = await newDesk("Ana Kovač", "agent", { reducedMotion: "reduce" });
  const other = await newCustomer("Tom");
  await other.askForPerson("I'd like to change my address before the parcel leaves.");
  await desk.accept(other.name);
  await desk.write("Of course: which one is it now?");
  const customer = await newCustomer("Jane", { topic: "billing" });
  await talkToTheAiAgent(customer);
  await customer.askForPerson();

  await desk.waiting(customer.name).getByRole("link", { name: customer.name }).click();
  await desk.untilOpen(customer.name);
  await look(desk.page, "conversation-waiting", { sizes: ["wide", "phone"] });

  await desk.accept(customer.name);
  await desk.write("Good morning, Jane. I have your order in front of me and see both charges.");
  await expect(desk.message("see both charges")).toHaveAttribute("data-state", "sent");
  const early = new Date().toISOString();
  await customer.say("Great, thank you! Here is what my bank says: https://bank.example/help/double-charges?lang=en");
  await customer.link("https://bank.example/statement/2026-11", "My statement");
  await customer.link("javascript:alert(1)", "A link that is not safe");
  await customer.file("statement-november-with-a-rather-long-name.pdf", "application/pdf", "%PDF-1.4");
  await customer.raw(SURVEY, { role: "end_user" });
  // Late is what lands above something that was said a second later or more; and Ada cuts times to the second.
  await expect.poll(() => Date.now() - Date.parse(early)).toBeGreaterThan(2_500);
  await desk.write("I have asked our accounting to send the money back.\nIt takes three working days:\n  1. we release it\n  2. your bank books it");
  await expect(desk.message("I have asked our accounting")).toHaveAttribute("data-state", "sent");
  const { end_user_id: id } = await customer.state();
  await customer.emit(
    "v1.conversation.message",
    {
      message_id: `late-${customer.id}`,
      conversation_id: customer.id,
      end_user_id: id,
      handoff_integration: "custom-handoff",
      created_at: early,
      author: { id, role: "end_user", display_name: customer.name },
      content: { type: "text", body: "Are you still there? (This one was held up on its way.)" },
      ai_agent_domain: "acme.sandbox",
    },
    early,
  );
  await expect(desk.message("held up on its way")).toContainText("arrived late");
  await expect(desk.message("Content of the kind")).toBeVisible();
  await other.say("Dock Street 12, please.");
  await desk.reply.fill("Is there anything else that I can do for you?");
  await look(desk.page, "conversation");

  await desk.transcript.getByRole("button", { name: /Show \d+ earlier/ }).click();
  await desk.transcript.getByRole("article").first().scrollIntoViewIfNeeded();
  await look(desk.page, "conversation-unfolded");

  await desk.page.setViewportSize(SIZES.phone);
  await desk.conversation.getByRole("button", { name: "Show context" }).click();
  await look(desk.page, "context-shown", { sizes: ["medium", "phone"] });
  await desk.page.setViewportSize(SIZES.phone);
  await desk.context.getByRole("button", { name: "Hide context" }).click();
  await desk.page.setViewportSize(SIZES.wide);

  await desk.context.getByRole("button", { name: "Add entry" }).click();
  await look(desk.page, "metadata-editor", { sizes: ["wide"] });
  await desk.context.getByRole("button", { name: "Cancel" }).click();

  faults.allow(/\/api\/send_reply/);
  await desk.page.route("**/api/send_reply*", (route) => route.abort("connectionrefused"));
  await desk.send.click();
  await expect(desk.conversation.getByRole("alert").filter({ hasText: "Not sent yet." })).toBeVisible();
  await look(desk.page, "reply-not-sent", { sizes: ["wide", "phone"] });
  await desk.page.unroute("**/api/send_reply*");
  await desk.reply.fill("");

  await desk.openEndDialog();
  await desk.dialog.getByRole("combobox", { name: "Outcome" }).fill("Solved");
  await look(desk.page, "end-dialog");
  await desk.dialog.getByRole("button", { name: "Return to AI agent" }).click();
  await expect(desk.conversation.getByRole("status").filter({ hasText: "You returned it" })).toBeVisible();
  await look(desk.page, "ended");

  const chat = new Chat(await desk.page.context().newPage());
  await chat.open(customer.chatAddress);
  await look(chat.page, "sandbox-chat");
  await chat.page.goto(`${demo.sandbox}/`);
  await look(chat.page, "sandbox-start", { sizes: ["wide", "phone"] });
});

test("a desk without its server", async ({ demo, newDesk, newCustomer, faults }) => {
  const desk = await newDesk("Ana Kovač", "agent", { reducedMotion: "reduce" });
  const customer = await newCustomer("Priya");
  await customer.askForPerson();
  await desk.accept(customer.name);
  faults.allow(/net::ERR_/, /WebSocket/);
  await desk.page.context().setOffline(true);
  demo.cable.pull();
  await expect(desk.page.locator("body")).toHaveAttribute("data-connection", "offline");
  await look(desk.page, "offline", { sizes: ["wide", "phone"] });
  demo.cable.plugIn();
});

test("nothing moves while a page comes alive", async ({ demo, newDesk, newCustomer, newWindow }) => {
  const desk = await newDesk("Ana Kovač");
  const customer = await newCustomer("Sam", { topic: "billing" });
  await talkToTheAiAgent(customer);
  await customer.askForPerson();
  await desk.accept(customer.name);
  await desk.write("Hello, I am Ana.");
  const handoff = desk.handoff();
  const waiting = await newCustomer("Ida");
  await waiting.askForPerson();

  for (const [size, viewport] of Object.entries(SIZES)) {
    for (const [name, path] of [["desk", "/"], ["conversation", `/?handoff=${handoff}`]]) {
      const page = await desk.page.context().newPage();
      await watchShifts(page);
      await page.setViewportSize(viewport);
      await page.goto(demo.desk + path);
      await expect(page.locator("body")).toHaveAttribute("data-connection", "live", { timeout: 15_000 });
      await expectSteady(page, `${name}, ${size}`);
      await page.close();
    }
  }
  const page = await (await newWindow()).newPage();
  await watchShifts(page);
  await page.goto(`${demo.desk}/login`);
  await page.getByRole("textbox", { name: "Email" }).fill("x");
  await expectSteady(page, "login");
});
