// The whole story without a mouse.
import { Desk } from "../support/desk.ts";
import { expectFocusInside, expectVisibleFocus, tabTo } from "../support/keys.ts";
import { expect, test } from "../support/test.ts";

test("from signing in to the end of a handoff, by Tab and Enter", async ({ demo, newWindow, newCustomer }) => {
  const person = await demo.addPerson("Kim Adler");
  const page = await (await newWindow()).newPage();
  const desk = new Desk(page, person, demo.desk);
  const keyboard = page.keyboard;
  const [first, second] = [await newCustomer("Agda"), await newCustomer("Bela")];
  await first.askForPerson("Could you look at my order?");
  await second.askForPerson("And at mine?");

  await test.step("sign in", async () => {
    await page.goto(`${demo.desk}/login`);
    await expect(page.getByRole("textbox", { name: "Email" })).toBeFocused();
    await expectVisibleFocus(page);
    await keyboard.type(person.email);
    await tabTo(page, page.getByRole("textbox", { name: "Password" }));
    await keyboard.type(person.password);
    await keyboard.press("Enter");
    await expect(desk.queue).toBeVisible();
    await desk.untilLive();
  });

  await test.step("accept", async () => {
    const accept = desk.waiting(first.name).getByRole("button", { name: "Accept" });
    await tabTo(page, accept);
    await keyboard.press("Enter");
    await desk.untilOpen(first.name);
    await expect(desk.reply).toBeVisible();
  });

  await test.step("write and send", async () => {
    await tabTo(page, desk.reply);
    await keyboard.type("Of course, one moment.");
    await tabTo(page, desk.send);
    await keyboard.press("Enter");
    await expect.poll(() => first.repliesReceived()).toEqual(["Of course, one moment."]);
    // And ready for the next one.
    await expect(desk.reply).toBeFocused();
    await keyboard.type("Here it is.");
    await keyboard.press("Enter");
    await expect.poll(() => first.repliesReceived()).toEqual(["Of course, one moment.", "Here it is."]);
  });

  await test.step("metadata", async () => {
    await tabTo(page, desk.context.getByRole("button", { name: "Add entry" }));
    await keyboard.press("Enter");
    await expect(desk.context.getByLabel("Name")).toBeFocused();
    await keyboard.type("case");
    await tabTo(page, desk.context.getByLabel("Value"));
    await keyboard.type("K-9");
    await keyboard.press("Enter");
    await expect(desk.context.getByRole("rowheader", { name: "case" })).toBeVisible();
    await expect.poll(async () => (await first.metadata()).case).toBe("K-9");
  });

  await test.step("the dialog holds the focus and gives it back", async () => {
    const end = desk.conversation.getByRole("button", { name: "End handoff" });
    await tabTo(page, end, "Shift+Tab");
    await keyboard.press("Enter");
    await expect(desk.dialog).toBeVisible();
    await expectFocusInside(desk.dialog);
    // Twice around: out of the page into the browser's own parts, perhaps, but never behind the dialog.
    for (let presses = 0; presses < 16; presses += 1) {
      await keyboard.press("Tab");
      const behind = await desk.dialog.evaluate((dialog) => {
        const focused = document.activeElement;
        return focused !== null && focused !== document.body && !dialog.contains(focused);
      });
      expect(behind, "the focus is not behind the dialog").toBe(false);
      await expectVisibleFocus(page);
    }
    await keyboard.press("Escape");
    await expect(desk.dialog).toBeHidden();
    await expect(end).toBeFocused();
  });

  await test.step("end", async () => {
    await keyboard.press("Enter");
    await tabTo(page, desk.dialog.getByRole("combobox", { name: "Outcome" }));
    await keyboard.type("Solved");
    await tabTo(page, desk.dialog.getByRole("textbox", { name: "Note" }));
    await keyboard.type("By keyboard.");
    await tabTo(page, desk.dialog.getByRole("button", { name: "Return to AI agent" }));
    await keyboard.press("Enter");
    await expect(desk.conversation.getByRole("status").filter({ hasText: "You returned it to the AI agent." })).toBeVisible();
    expect((await first.state()).state).toBe("active_ai");
    await expect(desk.own(first.name)).toHaveCount(0);
  });

  await test.step("sign out", async () => {
    await tabTo(page, page.getByRole("button", { name: /^You: / }));
    await keyboard.press("Enter");
    await tabTo(page, page.getByRole("button", { name: "Sign out" }));
    await keyboard.press("Enter");
    await expect(page).toHaveURL(/\/login$/);
  });
});

test("single keys do what the desk says they do", async ({ newDesk, newCustomer }) => {
  const desk = await newDesk("Kim Adler");
  const { keyboard } = desk.page;
  const [first, second] = [await newCustomer("Cosmo"), await newCustomer("Dilan")];
  await first.askForPerson();
  await expect(desk.waiting(first.name)).toBeVisible();
  await second.askForPerson();
  await expect(desk.waiting(second.name)).toBeVisible();

  // Y takes whoever has waited longest.
  await keyboard.press("y");
  await desk.untilOpen(first.name);
  // Who accepts wants to write: the reply box has the focus until Escape.
  await expect(desk.reply).toBeFocused();
  await keyboard.press("Escape");
  await expect(desk.reply).not.toBeFocused();
  await keyboard.press("y");
  await desk.untilOpen(second.name);
  await expect(desk.reply).toBeFocused();
  await keyboard.press("Escape");

  // J and K go round.
  await keyboard.press("k");
  await desk.untilOpen(first.name);
  await keyboard.press("j");
  await desk.untilOpen(second.name);
  await keyboard.press("j");
  await desk.untilOpen(first.name);

  // R writes; in the box letters are letters.
  await keyboard.press("r");
  await expect(desk.reply).toBeFocused();
  await expectVisibleFocus(desk.page);
  await keyboard.type("yes, jerk and kiwi");
  await expect(desk.reply).toHaveValue("yes, jerk and kiwi");
  await desk.untilOpen(first.name);

  // Escape leaves the box, then the conversation; what was written stays.
  await keyboard.press("Escape");
  await expect(desk.reply).not.toBeFocused();
  await expect(desk.reply).toHaveValue("yes, jerk and kiwi");
  await keyboard.press("e");
  await expect(desk.dialog).toBeVisible();
  await keyboard.press("Escape");
  await expect(desk.dialog).toBeHidden();
  await keyboard.press("Escape");
  await expect(desk.conversation.getByRole("heading", { name: "No conversation is open" })).toBeVisible();
  await expect(desk.own(first.name)).toContainText("draft");
  expect(await first.repliesReceived()).toEqual([]);
});
