// In and out: nobody sees the desk without a session, and every tab knows when it is over.
import { SAMPLE_PASSWORD } from "../support/demo.ts";
import { Desk } from "../support/desk.ts";
import { expect, test } from "../support/test.ts";

const UNAUTHORISED = /^console error: Failed to load resource: .* 401 /;
const REFUSED = /^console error: Failed to load resource: .* 4\d\d .*\/api\/sign_in\)$/;
const WRONG = /password\b.*\b(wrong|not right|incorrect)/i;
/** A browser without JavaScript does not fetch what a script would need. */
const NO_SCRIPT = /^failed request: GET \S+\/pkg\/\S+\.js csp$/;

test("who is signed out lands on the sign-in page, whatever they ask for", async ({ demo, newWindow, faults }) => {
  faults.allow(UNAUTHORISED);
  const page = await (await newWindow()).newPage();
  for (const path of ["/", "/?handoff=01a1fb6b-dd6e-73b7-b787-5881a3db0711"]) {
    await page.goto(demo.desk + path);
    await expect(page).toHaveURL(`${demo.desk}/login`);
    await expect(page.getByRole("button", { name: "Sign in" })).toBeVisible();
    await expect(page.getByRole("region", { name: "Queue" })).toHaveCount(0);
  }
});

test("a wrong password is said in words, and the address stays", async ({ demo, newWindow, faults }) => {
  faults.allow(REFUSED);
  const person = await demo.addPerson("Nele Voss");
  const page = await (await newWindow()).newPage();
  await page.goto(`${demo.desk}/login`);
  await expect(page.getByRole("textbox", { name: "Email" })).toBeFocused();
  await page.getByRole("textbox", { name: "Email" }).fill(person.email);
  await page.getByRole("textbox", { name: "Password" }).fill("not the password at all");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("alert")).toContainText(WRONG);
  await expect(page.getByRole("textbox", { name: "Email" })).toHaveValue(person.email);
  await expect(page.getByRole("textbox", { name: "Password" })).toBeFocused();
  await expect(page.getByRole("textbox", { name: "Password" })).toHaveAttribute("aria-invalid", "true");
  expect(page.url(), "nothing of it is in the address").toBe(`${demo.desk}/login`);

  // Somebody who does not exist gets the same words.
  await page.getByRole("textbox", { name: "Email" }).fill("nobody@example.com");
  await page.getByRole("textbox", { name: "Password" }).fill("not the password at all");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("button", { name: "Sign in" })).not.toHaveAttribute("aria-busy", "true");
  await expect(page.getByRole("alert")).toHaveText(WRONG);

  await page.getByRole("textbox", { name: "Email" }).fill(person.email);
  await page.getByRole("textbox", { name: "Password" }).fill(person.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page).toHaveURL(`${demo.desk}/`);
  await expect(page.getByRole("region", { name: "Queue" })).toBeVisible();
  await new Desk(page, person, demo.desk).untilLive();
});

test("the demo's own people can sign in as it says", async ({ demo, newWindow }) => {
  for (const email of ["ana@example.com", "sam@example.com", "ida@example.com"]) {
    const page = await (await newWindow()).newPage();
    await page.goto(`${demo.desk}/login`);
    await page.getByRole("textbox", { name: "Email" }).fill(email);
    await page.getByRole("textbox", { name: "Password" }).fill(SAMPLE_PASSWORD);
    await page.getByRole("button", { name: "Sign in" }).click();
    await expect(page.getByRole("region", { name: "Queue" })).toBeVisible();
  }
});

test.describe("without JavaScript", () => {
  test("the sign-in form leads to the desk", async ({ demo, newWindow, newCustomer, faults }) => {
    faults.allow(NO_SCRIPT);
    const person = await demo.addPerson("Otto Brand");
    const customer = await newCustomer("Nina");
    await customer.askForPerson();
    const page = await (await newWindow({ javaScriptEnabled: false })).newPage();
    await page.goto(`${demo.desk}/login`);
    await page.getByRole("textbox", { name: "Email" }).fill(person.email);
    await page.getByRole("textbox", { name: "Password" }).fill(person.password);
    await page.getByRole("button", { name: "Sign in" }).click();
    await expect(page).toHaveURL(`${demo.desk}/`);
    await expect(page.getByRole("region", { name: "Queue" }).getByText(customer.name)).toBeVisible();
  });

  test("a wrong password leads back to the form, with words", async ({ demo, newWindow, faults }) => {
    faults.allow(NO_SCRIPT, REFUSED);
    const page = await (await newWindow({ javaScriptEnabled: false })).newPage();
    await page.goto(`${demo.desk}/login`);
    await page.getByRole("textbox", { name: "Email" }).fill("ana@example.com");
    await page.getByRole("textbox", { name: "Password" }).fill("not the password at all");
    await page.getByRole("button", { name: "Sign in" }).click();
    await expect(page.getByRole("button", { name: "Sign in" })).toBeVisible();
    await expect(page.getByRole("alert")).toContainText(WRONG);
    expect(page.url(), "no password in an address").not.toContain("not%20the%20password");
  });
});

test("signing out closes the desk in every tab", async ({ demo, newDesk, faults }) => {
  const desk = await newDesk("Petra Lang");
  const other = new Desk(await desk.page.context().newPage(), desk.person, desk.address);
  await other.open();
  faults.allow(UNAUTHORISED, /^console error: WebSocket connection to \S+ failed: Error during WebSocket handshake: Unexpected response code: 401/);

  await desk.signOut();
  await expect(other.page).toHaveURL(/\/login$/);
  await expect(other.page.getByRole("region", { name: "Queue" })).toHaveCount(0);
  for (const page of [desk.page, other.page]) {
    await page.goto(`${demo.desk}/`);
    await expect(page).toHaveURL(/\/login$/);
  }
  // The way back does not show what was there.
  await desk.page.goBack();
  await expect(desk.page.getByRole("region", { name: "Queue" })).toHaveCount(0);
});
