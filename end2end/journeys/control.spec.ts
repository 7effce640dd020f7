// The sandbox's control page: faults are switched on, and what they do is seen at the desk.
import { look } from "../support/looks.ts";
import { expect, test } from "../support/test.ts";

test.afterEach(async ({ demo, playwright }) => {
  const api = await playwright.request.newContext();
  await api.put(`${demo.sandbox}/sandbox/faults`, { data: {} });
  await api.post(`${demo.sandbox}/sandbox/recover`);
  await api.dispose();
});

test("webhooks are stopped from the keyboard, missed at the desk, and recovered", async ({ demo, newDesk, newCustomer, newWindow }) => {
  const control = await (await newWindow()).newPage();
  await control.goto(`${demo.sandbox}/control`);
  await expect(control.getByText("No fault is on")).toBeVisible();

  const desk = await newDesk("Ana Kovač");
  const customer = await newCustomer("Jane");
  await customer.askForPerson();
  await desk.accept(customer.name);

  const stop = control.getByRole("switch", { name: "Stop all webhooks" });
  await stop.focus();
  await control.keyboard.press("Space");
  await expect(control.getByText("1 fault is on")).toBeVisible();
  await expect(stop).toBeFocused();
  await customer.say("Can you still hear me?");
  const recover = control.getByRole("button", { name: /^Recover \d+ webhook/ });
  await expect(recover).toBeEnabled();
  await expect(desk.message("Can you still hear me?")).toHaveCount(0);

  await control.getByRole("button", { name: "Switch off: Stop all webhooks" }).click();
  await expect(control.getByText("No fault is on")).toBeVisible();
  await recover.click();
  await expect(desk.message("Can you still hear me?")).toHaveCount(1);
  await expect(control.getByRole("button", { name: "Nothing to recover" })).toBeDisabled();
});

test("a share, a rule and a ready-made day show what is on, and all of it goes off", async ({ demo, newWindow }) => {
  const page = await (await newWindow({ reducedMotion: "reduce" })).newPage();
  await page.goto(`${demo.sandbox}/control`);
  await expect(page.getByText("No fault is on")).toBeVisible();
  await look(page, "control-off", { sizes: ["wide", "phone"] });

  const lose = page.getByRole("slider", { name: "Lose", exact: true });
  await lose.focus();
  for (let step = 0; step < 3; step += 1) await page.keyboard.press("ArrowRight");
  await expect(page.getByRole("button", { name: "Switch off: Lose" })).toBeVisible();
  await expect(lose).toHaveValue("3");

  const rule = page.getByRole("form", { name: "New rule" });
  await rule.getByRole("combobox", { name: "What happens" }).selectOption("429");
  await rule.getByRole("combobox", { name: "Retry-After" }).selectOption("5");
  await rule.getByRole("combobox", { name: "To calls of" }).selectOption("create_message");
  await rule.getByRole("spinbutton", { name: "Share in percent" }).fill("20");
  await rule.getByRole("button", { name: "Add rule" }).click();
  await expect(page.getByRole("list", { name: "Rules for answers" })).toContainText("Create message: 429 Too many requests");
  await expect(page.getByText("2 faults are on")).toBeVisible();

  await page.getByRole("button", { name: "A bad day" }).click();
  await expect(page.getByRole("button", { name: "Switch off: Shuffle" })).toBeVisible();
  await expect(page.getByRole("button", { name: "Switch off: Lose" }), "a ready-made day takes the place of what was on").toHaveCount(0);
  await look(page, "control-bad-day");
  // Whoever loads the page anew sees the same.
  await page.reload();
  await expect(page.getByRole("button", { name: "Switch off: Shuffle" })).toBeVisible();
  await page.getByRole("button", { name: "All off" }).click();
  await expect(page.getByText("No fault is on")).toBeVisible();
  await expect(page.getByRole("button", { name: "All off" })).toBeDisabled();
});
