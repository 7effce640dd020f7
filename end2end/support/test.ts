// What every journey starts from: a demo of its worker, people and customers of its own, and an eye on every page's faults.
import { type BrowserContext, type BrowserContextOptions, expect, test as base } from "@playwright/test";
import { Chat } from "./chat.ts";
import { Customer } from "./customer.ts";
import { Demo, type Person, type Role } from "./demo.ts";
import { Desk } from "./desk.ts";
import { Faults, LEFT } from "./faults.ts";

export { expect };

const SURNAMES = [
  "Quist", "Barros", "Hartley", "Nakata", "Olsen", "Petit", "Rossi", "Sandoval", "Thorne", "Ueda", "Varga", "Winther", "Yilmaz", "Zeman",
  "Abara", "Brandt", "Castel", "Dufour", "Eriksen", "Falk", "Grieg", "Holm", "Ibsen", "Jansen", "Keller", "Lund", "Marek", "Novak", "Orban",
  "Prins", "Reyes", "Sato", "Tamm", "Urban", "Vidal", "Weiss", "Ximenes", "Young", "Zhang", "Aalto",
];

interface WorkerFixtures {
  demo: Demo;
  names: { next(first: string): string };
}

interface TestFixtures {
  faults: Faults;
  /** A browser window of its own, watched for faults. */
  newWindow: (options?: BrowserContextOptions) => Promise<BrowserContext>;
  /** Somebody new at the desk, signed in, with the desk open. */
  newDesk: (name: string, role?: Role, options?: BrowserContextOptions) => Promise<Desk>;
  /** Signs somebody in, in this window, without the sign-in page. */
  signIn: (context: BrowserContext, person: Person) => Promise<void>;
  /** Somebody new who chats. Gone from the queue when the test is over. */
  newCustomer: (first: string, more?: object) => Promise<Customer>;
  /** The chat page of a customer, in a window of its own. */
  openChat: (customer: Customer) => Promise<Chat>;
}

export const test = base.extend<TestFixtures, WorkerFixtures>({
  demo: [
    async ({}, use) => {
      const demo = await Demo.start();
      await use(demo);
      await demo.stop();
    },
    { scope: "worker", timeout: 60_000 },
  ],

  names: [
    async ({}, use) => {
      let count = 0;
      await use({
        next(first) {
          const round = Math.floor(count / SURNAMES.length);
          const name = `${first} ${SURNAMES[count++ % SURNAMES.length]}`;
          return round > 0 ? `${name} ${round + 1}` : name;
        },
      });
    },
    { scope: "worker" },
  ],

  faults: [
    async ({}, use) => {
      const faults = new Faults();
      faults.allow(LEFT);
      await use(faults);
      faults.close();
      expect(faults.all(), "no page had an error, a warning or a failed request").toEqual([]);
    },
    { auto: true },
  ],

  newWindow: async ({ browser, faults }, use) => {
    const open: BrowserContext[] = [];
    await use(async (options = {}) => {
      const context = await browser.newContext(options);
      faults.watch(context);
      open.push(context);
      return context;
    });
    faults.close();
    for (const context of open) await context.close();
  },

  signIn: async ({ demo }, use) => {
    await use(async (context, person) => {
      const answer = await context.request.post(`${demo.desk}/api/sign_in`, {
        headers: { origin: demo.desk },
        form: { email: person.email, password: person.password },
      });
      expect(answer.ok(), `signing in as ${person.email}: ${answer.status()}`).toBe(true);
    });
  },

  newDesk: async ({ demo, newWindow, signIn }, use) => {
    await use(async (name, role = "agent", options = {}) => {
      const person = await demo.addPerson(name, role);
      const context = await newWindow(options);
      await signIn(context, person);
      const desk = new Desk(await context.newPage(), person, demo.desk);
      await desk.open();
      return desk;
    });
  },

  newCustomer: async ({ demo, names, playwright }, use) => {
    const api = await playwright.request.newContext();
    const all: Customer[] = [];
    await use(async (first, more = {}) => {
      const customer = await Customer.start(api, demo.sandbox, names.next(first), more);
      all.push(customer);
      return customer;
    });
    for (const customer of all) await customer.leave();
    await api.dispose();
  },

  openChat: async ({ newWindow }, use) => {
    await use(async (customer) => {
      const context = await newWindow();
      const chat = new Chat(await context.newPage());
      await chat.open(customer.chatAddress);
      return chat;
    });
  },
});
