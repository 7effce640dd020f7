// The reply box: what leaves it, what stays in it, and that hostile text stays text.
import type { Customer } from "../support/customer.ts";
import type { Desk } from "../support/desk.ts";
import { CUT } from "../support/faults.ts";
import { expect, test } from "../support/test.ts";

const HOSTILE = [
  "</textarea><script>window.pwned=1</script>",
  '<img src=x onerror="window.pwned=2">',
  "<svg/onload=window.pwned=3>",
  "{{constructor.constructor('window.pwned=4')()}} ${window.pwned=5}",
  "\u202Egnp.exe\u202C is a picture",
  '"></p><iframe srcdoc="<script>parent.pwned=6</script>">',
];

test.afterEach(({ demo }) => demo.cable.plugIn());

/** A conversation that is accepted. */
async function talking(desk: Desk, customer: Customer): Promise<void> {
  await customer.askForPerson();
  await desk.accept(customer.name);
}

test("Enter sends, Shift and Enter break the line, blank is not sent", async ({ newDesk, newCustomer }) => {
  const [desk, customer] = [await newDesk("Ana Kovač"), await newCustomer("Cleo")];
  await talking(desk, customer);
  await expect(desk.send).toBeDisabled();
  await desk.reply.fill("  \n ");
  await desk.reply.press("Enter");
  await expect(desk.send).toBeDisabled();
  await expect(desk.reply).toHaveValue("  \n ");

  await desk.reply.fill("");
  await desk.reply.pressSequentially("Dear Cleo,");
  await desk.reply.press("Shift+Enter");
  await desk.reply.pressSequentially("it works.");
  await expect(desk.reply).toHaveValue("Dear Cleo,\nit works.");
  await desk.reply.press("Enter");
  await expect(desk.reply).toHaveValue("");
  await expect(desk.reply).toBeFocused();
  await expect.poll(() => customer.repliesReceived()).toEqual(["Dear Cleo,\nit works."]);
  await expect(desk.message("it works.")).toHaveAttribute("data-state", "sent");
});

test("an Enter that belongs to an input method sends nothing", async ({ newDesk, newCustomer }) => {
  const [desk, customer] = [await newDesk("Ana Kovač"), await newCustomer("Kiyo")];
  await talking(desk, customer);
  await desk.reply.fill("ありがとう");
  const taken = await desk.reply.evaluate((box) => {
    const composing = new KeyboardEvent("keydown", { key: "Enter", isComposing: true, bubbles: true, cancelable: true });
    const processed = new KeyboardEvent("keydown", { key: "Enter", keyCode: 229, bubbles: true, cancelable: true } as KeyboardEventInit);
    return [box.dispatchEvent(composing), box.dispatchEvent(processed)].map((untouched) => !untouched);
  });
  expect(taken, "both keys are left to the input method").toEqual([false, false]);
  await expect(desk.reply).toHaveValue("ありがとう");
  // The next plain Enter sends it: were the others taken, there would be two.
  await desk.reply.press("Enter");
  await expect(desk.reply).toHaveValue("");
  await expect.poll(() => customer.repliesReceived()).toEqual(["ありがとう"]);
});

test("text that did not reach the server stays in the box and is sent once", async ({ newDesk, newCustomer, faults }) => {
  const [desk, customer] = [await newDesk("Ana Kovač"), await newCustomer("Dora")];
  await talking(desk, customer);
  faults.allow(/\/api\/send_reply/);
  await desk.page.route("**/api/send_reply*", (route) => route.abort("connectionrefused"));
  await desk.reply.fill("Your parcel left this morning.");
  await desk.reply.press("Enter");
  const why = desk.conversation.getByRole("alert").filter({ hasText: "Not sent yet." });
  await expect(why).toContainText("could not be reached");
  await expect(desk.reply).toHaveValue("Your parcel left this morning.");
  await expect(desk.message("Your parcel left this morning.")).toHaveCount(0);

  await desk.page.unroute("**/api/send_reply*");
  await desk.reply.press("Enter");
  await expect(desk.reply).toHaveValue("");
  await expect(why).toHaveCount(0);
  await expect(desk.message("Your parcel left this morning.")).toHaveAttribute("data-state", "sent");
  await expect(desk.message("Your parcel left this morning.")).toHaveCount(1);
  expect(await customer.repliesReceived()).toEqual(["Your parcel left this morning."]);
});

// The server hears it and its answer goes astray: the transcript is what tells, before the page gives up or after.
for (const when of ["before", "after"] as const) {
  test(`a reply whose answer was lost is not sent twice: it turns up ${when} the page has given up`, async ({ demo, newDesk, newCustomer, faults }) => {
    const [desk, customer] = [await newDesk("Ana Kovač"), await newCustomer("Egon")];
    await talking(desk, customer);
    const text = "I have booked the courier.";
    faults.allow(/\/api\/send_reply/);
    if (when === "after") {
      faults.allow(...CUT);
      demo.cable.pull();
      await expect(desk.page.locator("body")).not.toHaveAttribute("data-connection", "live");
    }
    let tries = 0;
    await desk.page.route("**/api/send_reply*", async (route) => {
      tries += 1;
      if (tries > 1) return route.continue();
      // While the page is cut off, its request still finds a way, but nothing finds a way back.
      await route.fetch({ url: route.request().url().replace(demo.desk, demo.direct) });
      if (when === "before") await expect(desk.message(text)).toHaveAttribute("data-state", "sent");
      await route.abort("connectionreset");
    });
    await desk.reply.fill(text);
    await desk.reply.press("Enter");
    if (when === "after") {
      await expect(desk.conversation.getByRole("alert").filter({ hasText: "Not sent yet." })).toBeVisible();
      await expect(desk.reply).toHaveValue(text);
      demo.cable.plugIn();
    }
    await expect(desk.message(text)).toHaveAttribute("data-state", "sent");
    await expect(desk.reply, "the transcript shows it: it leaves the box").toHaveValue("");
    await expect(desk.conversation.getByRole("alert").filter({ hasText: "Not sent yet." })).toHaveCount(0);
    await desk.write("He comes at nine.");
    await expect.poll(() => customer.repliesReceived()).toEqual([text, "He comes at nine."]);
    await expect(desk.message(text)).toHaveCount(1);
  });
}

test("a reply whose answer was lost is not sent twice by who sends it again", async ({ newDesk, newCustomer, faults }) => {
  const [desk, customer] = [await newDesk("Ana Kovač"), await newCustomer("Fynn")];
  await talking(desk, customer);
  faults.allow(/\/api\/send_reply/);
  let tries = 0;
  await desk.page.route("**/api/send_reply*", async (route) => {
    tries += 1;
    if (tries > 1) return route.continue();
    await route.fetch();
    await route.abort("connectionreset");
  });
  await desk.reply.fill("The courier is on his way.");
  await desk.reply.press("Enter");
  await expect.poll(() => customer.repliesReceived()).toEqual(["The courier is on his way."]);
  const why = desk.conversation.getByRole("alert").filter({ hasText: "Not sent yet." });
  const settled = async () => (await why.count()) > 0 || (await desk.reply.inputValue()) === "";
  await expect.poll(settled, { message: "the page has given up, or knows that it was sent" }).toBe(true);
  // Whether or not the box still holds it, it goes to the customer no second time.
  await desk.reply.press("Enter");
  await expect(desk.reply).toHaveValue("");
  await desk.write("He rings twice.");
  await expect.poll(() => customer.repliesReceived()).toEqual(["The courier is on his way.", "He rings twice."]);
  await expect(desk.message("The courier is on his way.")).toHaveCount(1);
});

test("text survives another conversation and a reload", async ({ newDesk, newCustomer }) => {
  const desk = await newDesk("Ana Kovač");
  const [first, second] = [await newCustomer("Fay"), await newCustomer("Gus")];
  await talking(desk, first);
  await desk.reply.fill("Half a sentence for the first");
  await talking(desk, second);
  await expect(desk.reply).toHaveValue("");
  await desk.reply.fill("and another\nfor the second");
  await expect(desk.own(first.name)).toContainText("draft");

  await desk.own(first.name).click();
  await desk.untilOpen(first.name);
  await expect(desk.reply).toHaveValue("Half a sentence for the first");
  await desk.page.reload();
  await desk.untilLive();
  await expect(desk.reply).toHaveValue("Half a sentence for the first");
  await desk.own(second.name).click();
  await desk.untilOpen(second.name);
  await expect(desk.reply).toHaveValue("and another\nfor the second");
  expect(await first.repliesReceived()).toEqual([]);
  expect(await second.repliesReceived()).toEqual([]);
});

test("quick replies keep their order", async ({ newDesk, newCustomer }) => {
  const [desk, customer] = [await newDesk("Ana Kovač"), await newCustomer("Hana")];
  await talking(desk, customer);
  const texts = Array.from({ length: 8 }, (_, number) => `Step ${number + 1} of 8`);
  // As fast as keys can be pressed: nothing waits for an answer.
  await desk.reply.focus();
  for (const text of texts) {
    await desk.page.keyboard.insertText(text);
    await desk.page.keyboard.press("Enter");
  }
  await expect.poll(() => customer.repliesReceived(), { timeout: 15_000 }).toEqual(texts);
  await expect(desk.reply).toHaveValue("");
  await expect(desk.transcript.locator('article[data-author="human_agent"][data-state="sent"]')).toHaveCount(texts.length);
  expect(await desk.said("human_agent")).toEqual(texts);
});

test("hostile text stays text on both sides, before and after a reload", async ({ newDesk, newCustomer, openChat }) => {
  const [desk, customer] = [await newDesk("Ana Kovač"), await newCustomer("Ivo", { topic: "</script><script>window.pwned=7</script>" })];
  await talking(desk, customer);
  const chat = await openChat(customer);
  for (const text of HOSTILE) {
    await customer.say(text);
    await desk.write(text);
  }
  const pwned = (page: typeof desk.page) => page.evaluate(() => (window as { pwned?: unknown }).pwned);
  const check = async () => {
    await expect(desk.transcript.locator('article[data-author="end_user"]')).toHaveCount(HOSTILE.length + 1);
    await expect(desk.transcript.locator('article[data-author="human_agent"]')).toHaveCount(HOSTILE.length);
    expect((await desk.said("end_user")).slice(1)).toEqual(HOSTILE);
    expect(await desk.said("human_agent")).toEqual(HOSTILE);
    expect(await desk.transcript.locator("script, img, iframe, textarea, svg:not(.icon)").count()).toBe(0);
    expect(await pwned(desk.page)).toBeUndefined();
  };
  await check();
  // Now as the server renders it.
  await desk.page.reload();
  await desk.untilLive();
  await check();
  // The direction of one message does not leak into what stands beside it.
  await expect(desk.message("is a picture").first().locator(".bubble")).toHaveCSS("unicode-bidi", /isolate|plaintext/);

  await expect(chat.log.locator('article[data-author="human_agent"]')).toHaveCount(HOSTILE.length);
  expect(await chat.said()).toEqual(expect.arrayContaining(HOSTILE));
  expect(await pwned(chat.page)).toBeUndefined();
  expect(await customer.repliesReceived()).toEqual(HOSTILE);
});
