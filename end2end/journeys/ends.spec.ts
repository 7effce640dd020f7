// Over is over, whoever ends it, and a conversation handed off again is a new handoff.
import { expect, test } from "../support/test.ts";

test("the customer leaves the person", async ({ newDesk, newCustomer, openChat }) => {
  const desk = await newDesk("Ana Kovač");
  const customer = await newCustomer("Lena");
  await customer.askForPerson("I need help with my invoice.");
  await desk.accept(customer.name);
  await desk.write("Hello, how can I help?");
  const chat = await openChat(customer);
  await expect(chat.message("Hello, how can I help?")).toBeVisible();

  await chat.page.getByRole("button", { name: "End handoff" }).click();
  const banner = desk.conversation.getByRole("status").filter({ hasText: /ended/ });
  await expect(banner).toContainText("ended on the customer's side");
  await expect(desk.reply).toHaveCount(0);
  await expect(desk.conversation.getByRole("button", { name: "End handoff" })).toHaveCount(0);
  await expect(desk.own(customer.name)).toContainText("ended");
  await expect(chat.message("I'm back!")).toBeVisible();

  await desk.conversation.getByRole("button", { name: "Put away" }).click();
  await expect(desk.own(customer.name)).toHaveCount(0);
  await desk.page.reload();
  await desk.untilLive();
  await expect(desk.own(customer.name)).toHaveCount(0);
});

test("the customer closes the chat", async ({ newDesk, newCustomer, openChat }) => {
  const desk = await newDesk("Ana Kovač");
  const customer = await newCustomer("Olaf");
  await customer.askForPerson();
  await desk.accept(customer.name);
  const chat = await openChat(customer);
  await chat.page.getByRole("button", { name: "Close chat" }).click();
  await expect(chat.page.getByText("This chat has ended.")).toBeVisible();

  await expect(desk.conversation.getByRole("status").filter({ hasText: "The customer ended the conversation." })).toBeVisible();
  await expect(desk.reply).toHaveCount(0);
  expect((await customer.state()).state).toBe("ended");
});

test("a customer who closes the chat while waiting leaves the queue", async ({ newDesk, newCustomer }) => {
  const desk = await newDesk("Ana Kovač");
  const customer = await newCustomer("Pia");
  await customer.askForPerson();
  await expect(desk.waiting(customer.name)).toBeVisible();
  await customer.close();
  await expect(desk.waiting(customer.name)).toHaveCount(0);
});

test("the agent ends the whole conversation", async ({ newDesk, newCustomer, openChat }) => {
  const desk = await newDesk("Ana Kovač");
  const customer = await newCustomer("Rosa");
  await customer.askForPerson();
  await desk.accept(customer.name);
  await desk.write("All is settled. Have a good day!");
  const chat = await openChat(customer);
  await desk.end("End conversation", "Solved", "Nothing left to do.");

  await expect(desk.conversation.getByRole("status").filter({ hasText: "You ended the conversation." })).toBeVisible();
  await expect(chat.page.getByText("This chat has ended.")).toBeVisible();
  const state = await customer.state();
  expect(state.state).toBe("ended");
  expect(Object.values(state.metadata)).toEqual(expect.arrayContaining(["Solved", "Nothing left to do."]));
  // What was said last was delivered before the end.
  expect(await customer.repliesReceived()).toEqual(["All is settled. Have a good day!"]);

  const result = desk.context.getByRole("heading", { name: "Result" }).locator("..");
  await expect(result).toContainText("Solved");
  await expect(result).toContainText("Nothing left to do.");
});

test("handed off again is a new entry with the earlier transcript", async ({ newDesk, newCustomer }) => {
  const desk = await newDesk("Ana Kovač");
  const customer = await newCustomer("Tove");
  await customer.askForPerson("My first question is about a lamp.");
  await desk.accept(customer.name);
  const first = desk.handoff();
  await desk.write("The lamp is on its way.");
  await desk.end("Return to AI agent", "Solved");
  await expect(desk.conversation.getByRole("status").filter({ hasText: "You returned it to the AI agent." })).toBeVisible();
  await customer.untilQuiet();

  await customer.askForPerson("My second question is about a chair.");
  await desk.accept(customer.name);
  expect(desk.handoff()).not.toBe(first);
  await expect(desk.message("My second question is about a chair.")).toBeVisible();
  await desk.transcript.getByRole("button", { name: /Show \d+ earlier messages/ }).click();
  await expect(desk.message("My first question is about a lamp.")).toBeVisible();
  await expect(desk.message("The lamp is on its way.")).toBeVisible();
  await expect(desk.context.getByText("Earlier handoffs").locator("..")).toContainText("1");
  // The one that the agent ended went out of the list by itself.
  await expect(desk.own(customer.name)).toHaveCount(1);

  await desk.write("The chair follows on Monday.");
  await expect.poll(() => customer.repliesReceived()).toEqual(["The lamp is on its way.", "The chair follows on Monday."]);
});
