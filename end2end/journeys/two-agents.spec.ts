// One owner, however many reach for it.
import { expect, test } from "../support/test.ts";

test("an accepted handoff leaves everybody else's queue by itself", async ({ newDesk, newCustomer }) => {
  const [ana, bo] = [await newDesk("Ana Kovač"), await newDesk("Bo Lindqvist")];
  let loads = 0;
  bo.page.on("load", () => (loads += 1));
  const customer = await newCustomer("Ines");
  await customer.askForPerson();
  await expect(ana.waiting(customer.name)).toBeVisible();
  await expect(bo.waiting(customer.name)).toBeVisible();

  await ana.accept(customer.name);
  await expect(bo.waiting(customer.name)).toHaveCount(0);
  await expect(bo.own(customer.name)).toHaveCount(0);
  expect(loads).toBe(0);
});

test("a conversation is for its owner; a supervisor may read along", async ({ newDesk, newCustomer, faults }) => {
  const [ana, bo, sam] = [await newDesk("Ana Kovač"), await newDesk("Bo Lindqvist"), await newDesk("Sam Osei", "supervisor")];
  const customer = await newCustomer("Jon");
  await customer.askForPerson("Nobody else should read this.");
  // Bo looks at it while it waits: that is allowed.
  await bo.waiting(customer.name).getByRole("link", { name: customer.name }).click();
  await bo.untilOpen(customer.name);
  // Bo's page asks once more, is told that it is nothing for him, and browsers write that to their console.
  faults.allow(/^console error: Failed to load resource: .* 404 .*(\/api\/load_handoff\)|\?handoff=)/);
  const refused: string[] = [];
  bo.page.on("response", (response) => {
    if (response.url().endsWith("/api/load_handoff") && response.status() === 404) refused.push(response.url());
  });
  await ana.accept(customer.name);
  await expect(bo.conversation.getByRole("alert").filter({ hasText: "This conversation cannot be shown" })).toBeVisible();

  await sam.open(ana.handoff());
  await expect(sam.conversation.getByRole("status").filter({ hasText: "Ana Kovač looks after this conversation." })).toBeVisible();
  await expect(sam.reply).toHaveCount(0);
  await ana.write("I am with you.");
  await expect(sam.message("I am with you.")).toContainText("Ana Kovač");
  await customer.say("My card ends in 4242.");
  await expect(sam.message("My card ends in 4242.")).toBeVisible();

  // Bo's page was open all the time: what is said from now on is not for him.
  await expect(bo.waiting(customer.name)).toHaveCount(0);
  await expect(bo.reply).toHaveCount(0);
  const next = await newCustomer("Kay");
  await next.askForPerson();
  await expect(bo.waiting(next.name), "his page has heard of what came after").toBeVisible();
  expect.soft(await bo.message("My card ends in 4242.").count(), "what is said to Ana's customer does not reach Bo").toBe(0);
  expect(refused.length, "it does not go on asking").toBe(1);
  await bo.open(ana.handoff());
  await expect(bo.conversation.getByRole("alert").filter({ hasText: "This conversation cannot be shown" })).toBeVisible();
  await expect(bo.transcript).toHaveCount(0);
});

test("of two who accept in the same instant one gets it, and the other is told who", async ({ newDesk, newCustomer, faults }) => {
  const desks = [await newDesk("Ana Kovač"), await newDesk("Bo Lindqvist")];
  // The refusal is a 409, and browsers write those to their console.
  faults.allow(/^console error: Failed to load resource: .* 409 .*\/api\/accept_handoff\)$/);

  for (let round = 1; round <= 4; round += 1) {
    const customer = await newCustomer("Uma");
    await customer.askForPerson();
    const buttons = desks.map((desk) => desk.waiting(customer.name).getByRole("button", { name: "Accept" }));
    for (const button of buttons) await expect(button).toBeEnabled();
    const handles = await Promise.all(buttons.map((button) => button.elementHandle()));
    await Promise.all(handles.map((handle) => handle?.dispatchEvent("click")));

    const owns = async () => Promise.all(desks.map((desk) => desk.own(customer.name).count()));
    await expect.poll(async () => (await owns()).sort(), { message: `round ${round}: exactly one has it` }).toEqual([0, 1]);
    const winner = (await owns()).indexOf(1);
    const [has, lacks] = [desks[winner], desks[1 - winner]];
    await has.untilOpen(customer.name);
    await expect(has.reply).toBeVisible();
    await expect(lacks.page.getByRole("alert").filter({ hasText: /accepted this handoff before you/ })).toContainText(
      `${has.person.name} accepted this handoff before you.`,
    );
    await expect(lacks.waiting(customer.name)).toHaveCount(0);
    await lacks.page.getByRole("button", { name: "Dismiss" }).click();
    await has.write(`Round ${round} is mine.`);
    await expect.poll(() => customer.repliesReceived()).toEqual([`Round ${round} is mine.`]);
  }
});
