// How a page looks: pictures for people, axe for what can be measured, and no moving of things that stand.
import { readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect, type Page } from "@playwright/test";

const SCREENS = fileURLToPath(new URL("../results/screens", import.meta.url));
const AXE = readFile(fileURLToPath(new URL("../node_modules/axe-core/axe.min.js", import.meta.url)), "utf8");

export const SIZES = {
  wide: { width: 1440, height: 900 },
  medium: { width: 1024, height: 768 },
  phone: { width: 390, height: 844 },
} as const;
const THEMES = ["light", "dark"] as const;

export interface Look {
  /** Which sizes; all of them unless it says otherwise. */
  sizes?: (keyof typeof SIZES)[];
}

/** Takes pictures of what the page shows in every size and theme, and checks each. Returns with the page wide and light again. */
export async function look(page: Page, name: string, options: Look = {}): Promise<void> {
  const found = new Map<string, string[]>();
  const note = (fault: string, where: string) => found.set(fault, [...(found.get(fault) ?? []), where]);
  for (const size of options.sizes ?? (Object.keys(SIZES) as (keyof typeof SIZES)[])) {
    await page.setViewportSize(SIZES[size]);
    for (const theme of THEMES) {
      const where = `${size} ${theme}`;
      await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
      await settled(page);
      await page.screenshot({ path: path.join(SCREENS, `${name}-${size}-${theme}.png`), animations: "disabled" });
      for (const fault of await axe(page)) note(fault, where);
      for (const element of await tooWide(page)) note(`wider than the page: ${element}`, where);
    }
  }
  const faults = [...found].map(([fault, places]) => `${fault} [${places.join(", ")}]`);
  expect.soft(faults, `nothing is wrong with how ${name} looks`).toEqual([]);
  await page.setViewportSize(SIZES.wide);
  await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
}

/** Nothing fades or slides any more. Spinners, which never end, do not count. */
async function settled(page: Page): Promise<void> {
  await page.evaluate(async () => {
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    const ending = document.getAnimations().filter((animation) => animation.effect?.getComputedTiming().iterations !== Infinity);
    await Promise.allSettled(ending.map((animation) => animation.finished));
  });
}

/** What axe finds, in short lines. It runs in the page's own world without a script tag, which the page would refuse. */
export async function axe(page: Page): Promise<string[]> {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(await AXE);
  return page.evaluate(async () => {
    const { violations } = await (window as any).axe.run(document, {
      resultTypes: ["violations"],
      // Of WCAG 2.2; axe leaves it out unless it is asked for.
      rules: { "target-size": { enabled: true } },
    });
    return violations.map((found: any) => {
      const places = found.nodes.slice(0, 3).map((node: any) => `${node.target.join(" ")} (${node.any[0]?.message ?? node.all[0]?.message ?? node.none[0]?.message})`);
      return `${found.id}: ${found.help}: ${found.nodes.length} at ${places.join("; ")}`;
    });
  });
}

/** What sticks out of the page to the right, if the page can be scrolled sideways. */
async function tooWide(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const root = document.documentElement;
    if (root.scrollWidth <= root.clientWidth) return [];
    return [...document.querySelectorAll("body *")]
      .filter((element) => element.getBoundingClientRect().right > root.clientWidth + 1)
      .slice(0, 5)
      .map((element) => `${element.tagName.toLowerCase()}.${element.className}`);
  });
}

/** Counts from the first paint on how much of the page moves. To be called before the page is loaded. */
export async function watchShifts(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const seen = { total: 0, moved: [] as string[] };
    (window as any).shifts = seen;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as any[]) {
        if (entry.hadRecentInput) continue;
        seen.total += entry.value;
        for (const source of entry.sources ?? []) seen.moved.push(`${source.node?.nodeName} ${source.node?.className ?? ""}`);
      }
    }).observe({ type: "layout-shift", buffered: true });
  });
}

export async function expectSteady(page: Page, where: string): Promise<void> {
  const { total, moved } = await page.evaluate(() => (window as any).shifts);
  expect.soft(total, `nothing moves while the page comes alive: ${where} (moved: ${moved.join(", ")})`).toBeLessThan(0.02);
}
