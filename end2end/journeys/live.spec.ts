// No silent gap: the page says when it is cut off, and has everything once it is back, without being loaded anew.
import { CUT } from "../support/faults.ts";
import { expect, test } from "../support/test.ts";

test.describe("a desk that loses its server", () => {
  test.afterEach(({ demo }) => demo.cable.plugIn());

  test("says so, catches up, and shows each message once and in order", async ({ demo, newDesk, newCustomer, faults }) => {
    const desk = await newDesk("Ana Kovač");
    const [customer, later] = [await newCustomer("Juno"), await newCustomer("Karl")];
    await customer.askForPerson("Is anybody there?");
    await desk.accept(customer.name);
    await desk.write("I am here.");
    await expect(desk.message("I am here.")).toHaveAttribute("data-state", "sent");
    await expect(desk.page.locator("body")).toHaveAttribute("data-connection", "live");
    let loads = 0;
    desk.page.on("load", () => (loads += 1));

    faults.allow(...CUT);
    demo.cable.pull();
    await expect(desk.page.locator("body")).toHaveAttribute("data-connection", "reconnecting");
    await expect(desk.page.getByRole("contentinfo")).toContainText(/Connecting|Offline/);
    const missed = ["First while you were away", "Second while you were away", "Third while you were away"];
    for (const text of missed) await customer.say(text);
    await later.askForPerson("I came while you were away");
    await expect(desk.page.locator("body")).toHaveAttribute("data-connection", "offline", { timeout: 12_000 });
    await expect(desk.page.getByRole("contentinfo")).toContainText("Offline for");
    await expect(desk.message("First while you were away")).toHaveCount(0);

    demo.cable.plugIn();
    await desk.untilLive();
    await expect(desk.message("Third while you were away")).toBeVisible();
    await expect(desk.waiting(later.name)).toBeVisible();
    await expect(desk.page.getByRole("contentinfo")).toContainText("Live");
    await expect(desk.page.getByRole("contentinfo")).not.toContainText("catching up");
    expect((await desk.said()).slice(-4)).toEqual(["I am here.", ...missed]);

    await desk.write("I am back.");
    await expect.poll(() => customer.repliesReceived()).toEqual(["I am here.", "I am back."]);
    expect(loads, "the page was not loaded anew").toBe(0);
  });

  test("keeps what is written, and sends it once the network is back", async ({ demo, newDesk, newCustomer, faults }) => {
    const desk = await newDesk("Ana Kovač");
    const customer = await newCustomer("Lars");
    await customer.askForPerson();
    await desk.accept(customer.name);
    faults.allow(...CUT);
    demo.cable.pull();
    await expect(desk.page.locator("body")).not.toHaveAttribute("data-connection", "live");
    await desk.page.context().setOffline(true);
    await expect(desk.page.locator("body")).toHaveAttribute("data-connection", "offline", { timeout: 9_000 });
    await desk.reply.fill("Written on a train");
    await desk.reply.press("Enter");
    await expect(desk.conversation.getByRole("alert").filter({ hasText: "Not sent yet." })).toBeVisible();
    await expect(desk.reply).toHaveValue("Written on a train");

    demo.cable.plugIn();
    await desk.page.context().setOffline(false);
    await desk.untilLive();
    await desk.reply.press("Enter");
    await expect(desk.reply).toHaveValue("");
    await expect.poll(() => customer.repliesReceived()).toEqual(["Written on a train"]);
    await expect(desk.message("Written on a train")).toHaveCount(1);
  });

  test("shows a connection that breaks again and again as live in the end", async ({ demo, newDesk, newCustomer, faults }) => {
    const desk = await newDesk("Ana Kovač");
    const customer = await newCustomer("Moa");
    await customer.askForPerson();
    await desk.accept(customer.name);
    faults.allow(...CUT);
    const texts: string[] = [];
    for (let round = 1; round <= 3; round += 1) {
      demo.cable.pull();
      const text = `Said in cut ${round}`;
      await customer.say(text);
      texts.push(text);
      await expect(desk.page.locator("body")).not.toHaveAttribute("data-connection", "live");
      demo.cable.plugIn();
      await desk.untilLive();
      await expect(desk.message(text)).toBeVisible();
    }
    expect((await desk.said("end_user")).slice(-3)).toEqual(texts);
  });
});
