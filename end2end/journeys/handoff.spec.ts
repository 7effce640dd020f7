// The main story, with two people in two windows: from the AI agent to a person, and back.
import { Chat } from "../support/chat.ts";
import { Customer } from "../support/customer.ts";
import { expect, test } from "../support/test.ts";

test("a customer is handed to a person and back", async ({ demo, names, newDesk, newWindow, playwright }, testInfo) => {
  const desk = await newDesk("Ana Kovač");
  let loads = 0;
  desk.page.on("load", () => (loads += 1));

  const name = names.next("Mira");
  const chat = new Chat(await (await newWindow()).newPage());
  const id = await chat.start(demo.sandbox, name, "mira@example.com");
  const api = await playwright.request.newContext();
  const customer = new Customer(api, demo.sandbox, id, name);

  await test.step("the AI agent answers first", async () => {
    await expect(chat.message("I'm Lumi, the AI agent")).toBeVisible();
    await expect(chat.message("How can I help you today?")).toBeVisible();
    await chat.write("I was charged twice for my lamp");
    await expect(chat.message("A second charge is often only a reservation")).toBeVisible();
    await expect(chat.log.getByRole("article")).toHaveCount(5);
    await chat.write("no");
    await expect(chat.log.getByRole("article")).toHaveCount(7);
    await customer.untilQuiet();
    await expect(desk.waiting(name)).toHaveCount(0);
  });

  await test.step("the desk shows the handoff within a second", async () => {
    const seen = desk.page.evaluate(
      (who) =>
        new Promise<number>((resolve) => {
          const look = () => {
            const queue = document.querySelector('section[aria-label="Queue"]');
            if (![...(queue?.querySelectorAll("li") ?? [])].some((item) => item.textContent?.includes(who))) return false;
            resolve(Date.now());
            return true;
          };
          if (look()) return;
          const observer = new MutationObserver(() => look() && observer.disconnect());
          observer.observe(document.body, { childList: true, subtree: true, characterData: true });
        }),
      name,
    );
    const asked = Date.now();
    await chat.page.getByRole("button", { name: "Talk to a person" }).click();
    const took = (await seen) - asked;
    testInfo.annotations.push({ type: "from the trigger to the queue", description: `${took} ms` });
    await testInfo.attach("from-trigger-to-queue.txt", { body: `${took} ms\n` });
    expect(took, "milliseconds from the customer's click to the agent's queue").toBeLessThan(1_000);
    await expect(desk.waiting(name)).toContainText("billing");
    await expect(desk.page).toHaveTitle(/^\(\d+\) Babbage$/);
    await expect(chat.page.getByRole("status").filter({ hasText: /./ })).toContainText(/person|line/i);
  });

  await test.step("the agent accepts and reads what was said before", async () => {
    await desk.accept(name);
    await expect(desk.waiting(name)).toHaveCount(0);
    await expect(desk.own(name)).toBeVisible();

    const fold = desk.transcript.getByRole("button", { name: /Show \d+ earlier messages with the AI agent$/ });
    await expect(fold).toHaveAttribute("aria-expanded", "false");
    await expect(desk.message("I was charged twice for my lamp")).toBeHidden();
    await fold.click();
    await expect(desk.message("I was charged twice for my lamp")).toBeVisible();
    await expect(desk.message("I'm Lumi, the AI agent")).toBeVisible();
    // The same list as on the customer's side. Soft: the rest of the story is worth telling even if this is not so.
    expect.soft(await desk.said(), "everybody reads it in the order in which it was said").toEqual(await chat.said());
    await expect(desk.transcript.getByText("The AI agent handed off")).toBeVisible();
    await expect(desk.transcript.getByText("You accepted")).toBeVisible();
  });

  await test.step("both write, and each sees the other, in order", async () => {
    await desk.write("Good morning, I am Ana. I have your order in front of me.");
    await expect(chat.message("I am Ana.")).toBeVisible();
    await expect(desk.message("I am Ana.")).toHaveAttribute("data-state", "sent");
    // Ada shows a person once they have written.
    await expect(chat.page.getByRole("heading", { name: "Ana Kovač" })).toBeVisible();
    await chat.write("Thank you! The second charge is from Tuesday.");
    await expect(desk.message("The second charge is from Tuesday.")).toHaveAttribute("data-author", "end_user");
    await desk.write("I see it.");
    await desk.write("It will be refunded today.");
    await expect(chat.message("It will be refunded today.")).toBeVisible();
    await chat.write("Wonderful.");
    await expect(desk.message("Wonderful.")).toBeVisible();
    const talk = [
      "Good morning, I am Ana. I have your order in front of me.",
      "Thank you! The second charge is from Tuesday.",
      "I see it.",
      "It will be refunded today.",
      "Wonderful.",
    ];
    expect((await chat.said()).slice(-5)).toEqual(talk);
    expect((await desk.said()).slice(-5)).toEqual(talk);
  });

  await test.step("a link and a file are shown as such, and lead where they say", async () => {
    await chat.sendLink("https://bank.example/statement?id=7&x=%3Cb%3E", "My statement");
    const link = desk.message("My statement").getByRole("link", { name: "My statement" });
    await expect(link).toHaveAttribute("href", "https://bank.example/statement?id=7&x=%3Cb%3E");
    await expect(link).toHaveAttribute("rel", /noopener/);
    await expect(link).toHaveAttribute("target", "_blank");
    await expect(desk.message("My statement")).toContainText("bank.example");

    await chat.sendFile("receipt.pdf", "application/pdf", "%PDF-1.4 receipt");
    const file = desk.message("receipt.pdf").getByRole("link", { name: "receipt.pdf" });
    const href = await file.getAttribute("href");
    expect(new URL(href ?? "").origin).toBe(demo.sandbox);
    await expect(desk.message("receipt.pdf")).toContainText("application/pdf");
  });

  await test.step("an address that runs is no link", async () => {
    await customer.link("javascript:window.pwned=1", "Click here for the refund");
    const hostile = desk.message("Click here for the refund");
    await expect(hostile).toContainText("not safe to open");
    await expect(hostile.getByRole("link")).toHaveCount(0);
    await customer.say("javascript:window.pwned=2 and data:text/html,<script>window.pwned=3</script>");
    await expect(desk.message("data:text/html")).toBeVisible();
    await expect(desk.message("data:text/html").getByRole("link")).toHaveCount(0);
    expect(await desk.page.evaluate(() => document.querySelectorAll('a[href^="javascript"], a[href^="data"]').length)).toBe(0);
  });

  await test.step("metadata is added, changed and removed at Ada", async () => {
    const table = desk.context.getByRole("table", { name: "Metadata" });
    const entry = (key: string) => table.getByRole("row").filter({ has: desk.page.getByRole("rowheader", { name: key, exact: true }) });
    const add = async (key: string, kind: string, value: string) => {
      await desk.context.getByRole("button", { name: "Add entry" }).click();
      await desk.context.getByLabel("Name").fill(key);
      await desk.context.getByLabel("Kind").selectOption({ label: kind });
      if (kind === "yes or no") await desk.context.getByLabel("Value").selectOption(value);
      else await desk.context.getByLabel("Value").fill(value);
      await desk.context.getByRole("button", { name: "Save entry" }).click();
      await expect(entry(key)).toBeVisible();
    };
    await add("case", "text", "C-1822");
    await add("refund_euros", "number", "129.5");
    await add("verified", "yes or no", "yes");
    await expect.poll(() => customer.metadata()).toMatchObject({ case: "C-1822", refund_euros: 129.5, verified: true });

    await entry("refund_euros").getByRole("button", { name: "Change refund_euros" }).click();
    await desk.context.getByLabel("Value").fill("64.75");
    await desk.context.getByRole("button", { name: "Save entry" }).click();
    await expect(entry("refund_euros")).toContainText("64.75");
    await expect.poll(async () => (await customer.metadata()).refund_euros).toBe(64.75);

    await entry("case").getByRole("button", { name: "Remove case" }).click();
    await expect(entry("case")).toHaveCount(0);
    await expect.poll(async () => Object.keys(await customer.metadata())).not.toContain("case");
    expect(await customer.metadata()).toMatchObject({ refund_euros: 64.75, verified: true });
  });

  await test.step("back to the AI agent, with outcome and note", async () => {
    await desk.end("Return to AI agent", "Solved", "Refunded the second charge.");
    await expect(chat.message("I'm back! Lumi here, the AI agent.")).toBeVisible();
    await expect(chat.page.getByRole("heading", { name: "Lumi", exact: true })).toBeVisible();
    await expect(desk.conversation.getByRole("status").filter({ hasText: "You returned it to the AI agent." })).toBeVisible();
    await expect(desk.reply).toHaveCount(0);
    const kept = Object.values(await customer.metadata());
    expect(kept).toContain("Solved");
    expect(kept).toContain("Refunded the second charge.");
    expect((await customer.state()).state).toBe("active_ai");

    // What the agent ended leaves the list at once; what others end would stay until it is put away.
    await expect(desk.own(name)).toHaveCount(0);
    await expect(desk.conversation.getByRole("button", { name: "Put away" })).toHaveCount(0);
  });

  expect(loads, "the agent's page was never loaded anew").toBe(0);
  await customer.leave();
  await api.dispose();
});
