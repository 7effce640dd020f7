// `babbage demo` as a child process: a private Postgres, the desk and the sandbox, on free ports and in a folder of its own.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { Cable, freePort } from "./cable.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const BINARY = path.resolve(process.env.BABBAGE_BIN || path.join(ROOT, "target/debug/babbage"));
export const SITE = path.resolve(process.env.LEPTOS_SITE_ROOT || path.join(ROOT, "target/site"));

/** What of this machine the demo may know: none of its settings. */
const KEEP = ["PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TMPDIR", "TZ"];
const START = 40_000;
const STOP = 15_000;

export type Role = "agent" | "supervisor" | "administrator";

export interface Person {
  name: string;
  email: string;
  password: string;
}

/** The password of the demo's own people, as it prints it. */
export const SAMPLE_PASSWORD = "difference engine no 2";
const PASSWORD = "heron wicker 9 lantern";

export class Demo {
  private said = "";
  private people = 0;

  private constructor(
    /** Where browsers find the desk. */
    readonly desk: string,
    /** The desk itself, past the cable. */
    readonly direct: string,
    readonly sandbox: string,
    /** What lies between browsers and the desk. */
    readonly cable: Cable,
    private readonly folder: string,
    private readonly child: ChildProcess,
  ) {
    const hear = (piece: Buffer) => (this.said += piece.toString());
    child.stdout?.on("data", hear);
    child.stderr?.on("data", hear);
  }

  static async start(): Promise<Demo> {
    const [deskPort, sandboxPort] = [await freePort(), await freePort()];
    const cable = await Cable.lay(deskPort);
    const folder = await mkdtemp(path.join(tmpdir(), "babbage-e2e-"));
    const desk = `http://127.0.0.1:${cable.port}`;
    const child = spawn(BINARY, ["demo", "--sandbox", `127.0.0.1:${sandboxPort}`], {
      // No `.env` lies there.
      cwd: folder,
      env: {
        ...surroundings(),
        DATA_DIR: path.join(folder, "data"),
        BIND_ADDR: `127.0.0.1:${deskPort}`,
        PUBLIC_URL: desk,
        LEPTOS_SITE_ROOT: SITE,
        RUST_LOG: "info",
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const demo = new Demo(desk, `http://127.0.0.1:${deskPort}`, `http://127.0.0.1:${sandboxPort}`, cable, folder, child);
    const abandon = () => child.kill("SIGTERM");
    process.once("exit", abandon);
    child.once("exit", () => process.removeListener("exit", abandon));
    await demo.ready();
    return demo;
  }

  /** Ctrl-C, as a person at the terminal would press it. It must end well, and soon. */
  async stop(): Promise<void> {
    const ended = this.ended();
    this.child.kill("SIGINT");
    const late = setTimeout(() => this.child.kill("SIGKILL"), STOP);
    const how = await ended;
    clearTimeout(late);
    await this.cable.remove();
    await rm(this.folder, { recursive: true, force: true });
    if (how !== "0") throw new Error(`the demo ended with ${how} after Ctrl-C (0 within ${STOP / 1000} s was promised)\n${this.said}`);
    if (/panicked at/.test(this.said)) throw new Error(`something panicked in the demo\n${this.said}`);
  }

  /** Somebody new who can sign in: no other test has used their desk. */
  async addPerson(name: string, role: Role = "agent"): Promise<Person> {
    this.people += 1;
    const email = `${name.split(" ")[0].toLowerCase().normalize("NFD").replace(/[^a-z]/g, "")}.${this.people}@example.com`;
    const adding = spawn(BINARY, ["user", "add", email, "--name", name, "--role", role], {
      cwd: this.folder,
      env: { ...surroundings(), DATA_DIR: path.join(this.folder, "data") },
    });
    let said = "";
    adding.stdout.on("data", (piece) => (said += piece));
    adding.stderr.on("data", (piece) => (said += piece));
    adding.stdin.end(`${PASSWORD}\n`);
    const code = await new Promise((resolve) => adding.once("close", resolve));
    if (code !== 0) throw new Error(`babbage user add: ${said}`);
    return { name, email, password: PASSWORD };
  }

  private async ready(): Promise<void> {
    const ready = new Promise<string>((resolve) => {
      const look = () => this.said.includes("Babbage is ready.") && resolve("ready");
      this.child.stdout?.on("data", look);
    });
    const late = new Promise<string>((resolve) => setTimeout(resolve, START, "late").unref());
    const how = await Promise.race([ready, this.ended(), late]);
    if (how === "ready") return;
    this.child.kill("SIGKILL");
    throw new Error(`the demo did not start (${how}): ${BINARY}\n${this.said}`);
  }

  private ended(): Promise<string> {
    if (this.child.exitCode !== null) return Promise.resolve(String(this.child.exitCode));
    return new Promise((resolve) => {
      this.child.once("error", (error) => resolve(error.message));
      this.child.once("exit", (code, signal) => resolve(signal ?? String(code)));
    });
  }
}

function surroundings(): NodeJS.ProcessEnv {
  return Object.fromEntries(KEEP.filter((name) => process.env[name] !== undefined).map((name) => [name, process.env[name]]));
}
