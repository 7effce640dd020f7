// What went wrong in any page of a test: every console error and warning, every exception, every failed request.
import type { BrowserContext } from "@playwright/test";

export class Faults {
  private readonly found: string[] = [];
  private readonly allowed: RegExp[] = [];
  private closed = false;

  watch(context: BrowserContext): void {
    context.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") {
        this.add(`console ${message.type()}: ${message.text()} (${message.location().url})`);
      }
    });
    context.on("weberror", (error) => this.add(`exception: ${error.error().stack ?? error.error()}`));
    context.on("requestfailed", (request) => {
      const why = request.failure()?.errorText ?? "unknown";
      this.add(`failed request: ${request.method()} ${request.url()} ${why}`);
    });
  }

  /** From here on to the end of the test, this is what the test provokes on purpose. */
  allow(...patterns: RegExp[]): void {
    this.allowed.push(...patterns);
  }

  /** Pages that are being closed break off what they were doing. */
  close(): void {
    this.closed = true;
  }

  all(): string[] {
    return this.found.filter((fault) => !this.allowed.some((pattern) => pattern.test(fault)));
  }

  private add(fault: string): void {
    if (!this.closed && !UNFINISHED.test(fault)) this.found.push(fault);
  }
}

/** A page that is left before it was all there breaks off loading its module. */
const UNFINISHED = /^failed request: GET \S+\/pkg\/\S+ net::ERR_ABORTED$/;

/** A page that is left breaks off what it was still loading: the live streams above all. */
export const LEFT = /^failed request: GET \S+\/(sandbox\/stream\S*|live) net::ERR_ABORTED$/;

/** What a browser says about a desk that it cannot reach. */
export const CUT = [
  /^console error: WebSocket is already in CLOSING or CLOSED state/,
  /^console error: WebSocket connection to 'ws:\S+\/live' failed/,
  /^console error: Failed to load resource: net::ERR_(CONNECTION|EMPTY|INTERNET|SOCKET)\S*/,
  /^failed request: \S+ \S+ net::ERR_(CONNECTION|EMPTY|INTERNET|SOCKET)\S*/,
];
