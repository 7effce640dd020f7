// What somebody who works by keyboard alone needs: to get there, and to see where they are.
import { expect, type Locator, type Page } from "@playwright/test";

const FARTHEST = 60;

/** Presses Tab until this has the focus, and checks that each stop on the way can be seen. */
export async function tabTo(page: Page, target: Locator, key: "Tab" | "Shift+Tab" = "Tab"): Promise<void> {
  await expect(target).toBeVisible();
  for (let presses = 0; presses < FARTHEST; presses += 1) {
    await page.keyboard.press(key);
    await expectVisibleFocus(page);
    if (await target.evaluate((element) => element === document.activeElement)) return;
  }
  throw new Error(`${FARTHEST} times ${key} did not lead to ${target}`);
}

/** What has the focus shows it: by an outline or a ring, of its own or of the box that it fills. */
export async function expectVisibleFocus(page: Page): Promise<void> {
  await expect
    .poll(
      () =>
        page.evaluate(() => {
          const focused = document.activeElement;
          if (!focused || focused === document.body) return "";
          const marked = (element: Element) => {
            const style = getComputedStyle(element);
            const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
            return outlined || style.boxShadow !== "none";
          };
          // What fills a box, or stands for a whole row, may leave the mark to that.
          const box = focused.closest(".composer-box, li.row");
          const area = focused.getBoundingClientRect();
          const inSight = area.width > 0 && area.bottom > 0 && area.right > 0 && area.top < innerHeight && area.left < innerWidth;
          const name = focused.getAttribute("aria-label") ?? focused.id ?? focused.textContent;
          if (!inSight) return `${focused.tagName} ${name} is out of sight`;
          return marked(focused) || (box !== null && marked(box)) ? "" : `${focused.tagName} ${name} shows no focus`;
        }),
      { message: "the focus can be seen" },
    )
    .toBe("");
}

/** Whether the focus is somewhere inside. */
export async function expectFocusInside(container: Locator): Promise<void> {
  await expect.poll(() => container.evaluate((element) => element.contains(document.activeElement)), { message: "the focus is inside" }).toBe(true);
}
