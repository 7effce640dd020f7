// What administrators see of the desk itself: how it runs, and what could not be processed.
import { look } from "../support/looks.ts";
import { expect, test } from "../support/test.ts";

/** Something that no version of the desk can read. */
const UNREADABLE = { content: { type: "text", body: "Jane's own words" }, author: { role: "end_user" } };

test("an event that cannot be read is seen, opened, tried again and set aside", async ({ newDesk, newCustomer }) => {
  test.setTimeout(90_000);
  const desk = await newDesk("Ida Brandt", "administrator", { reducedMotion: "reduce" });
  const page = desk.page;
  await page.getByRole("link", { name: "Settings" }).click();
  await expect(page.getByRole("heading", { name: "Settings" })).toBeVisible();
  const tabs = page.getByRole("navigation", { name: "Settings" });
  await expect(tabs.getByRole("link", { name: "Health" })).toHaveAttribute("aria-current", "page");
  await tabs.getByRole("link", { name: "Events" }).click();
  await expect(page.getByText("There are none.")).toBeVisible();
  await look(page, "events-none", { sizes: ["wide", "phone"] });

  // It appears by itself.
  const customer = await newCustomer("Jane");
  await customer.emit("v1.conversation.message", UNREADABLE);
  const row = page.getByRole("row").filter({ hasText: "acme.sandbox" });
  await expect(row).toHaveCount(1, { timeout: 15_000 });
  await expect(page.getByText("1 could not be read.")).toBeVisible();
  await expect(page.getByText("Jane's own words")).toHaveCount(0);

  // From the keyboard: what is opened has the focus, and closing gives it back.
  const open = row.getByRole("button", { name: /^Open/ });
  await open.focus();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "What it says" })).toBeFocused();
  await expect(page.getByRole("region", { name: "Payload" })).toContainText("Jane's own words");
  await look(page, "events-opened");
  await page.getByRole("button", { name: "Close" }).click();
  await expect(open).toBeFocused();

  await open.click();
  await page.getByRole("button", { name: "Replay", exact: true }).click();
  await expect(page.getByText(/It still cannot be applied/)).toBeVisible();
  await page.getByRole("button", { name: "Set aside" }).click();
  await expect(page.getByText("The event is set aside.")).toBeVisible();
  await expect(page.getByText("There are none.")).toBeVisible();
});

test("health shows what Ada allows and what was heard, and others are turned away", async ({ demo, newDesk, newCustomer, faults }) => {
  test.setTimeout(90_000);
  const customer = await newCustomer("Mei");
  await customer.askForPerson();
  const desk = await newDesk("Ida Brandt", "administrator", { reducedMotion: "reduce" });
  const page = desk.page;
  await page.goto(`${demo.desk}/settings`);
  await expect(page).toHaveURL(/\/settings\/health$/);
  await expect(page.getByText("Calls that Ada allows")).toBeVisible();
  await expect(page.getByRole("progressbar", { name: "Calls in 24 hours" })).toBeVisible();
  await expect(page.locator("body")).toHaveAttribute("data-connection", "live");
  await look(page, "health");

  faults.allow(/^console error: Failed to load resource: .* 403 /);
  const agent = await newDesk("Ana Kovač");
  await expect(agent.page.getByRole("link", { name: "Settings" })).toHaveCount(0);
  for (const part of ["health", "events"]) {
    await agent.page.goto(`${demo.desk}/settings/${part}`);
    await expect(agent.page.getByRole("heading", { name: "This page is for administrators" })).toBeVisible();
  }
  await look(agent.page, "settings-denied", { sizes: ["wide", "phone"] });
});
