// A world for the tests: an organization, the real server of it, and people in
// browsers of their own.

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile, appendFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { chromium } from "playwright-core";

const WRIT = process.env.WRIT ?? "writ";
const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const run = promisify(execFile);

const freePort = () =>
  new Promise((resolve) => {
    const server = createServer();
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

export const ORGANIZATION = "fabrikam.example";
export const upnOf = (name) => `${name}@${ORGANIZATION}`;

const TASKS = `
[[task]]
name = "Host\\\\Say"
title = "Say a word"
risk = "low"
program = "/bin/echo"
args = ["{word}"]
[task.parameters.word]
type = "string"
required = true
title = "The word"

[[task]]
name = "Host\\\\Wait"
title = "Wait for some seconds"
risk = "high"
program = "/bin/sleep"
args = ["{seconds}"]
[task.parameters.seconds]
type = "integer"
min = 0
max = 60
required = true

[[task]]
name = "Host\\\\Sum"
title = "Sum of a secret"
program = "/usr/bin/sha256sum"
args = ["{pin}"]
[task.parameters.pin]
type = "secret"
required = true
title = "The PIN"
`;

export class World {
  static async begin() {
    const world = new World();
    world.folder = await mkdtemp(join(tmpdir(), "writ-portal-"));
    world.port = await freePort();
    world.url = `http://localhost:${world.port}`;
    world.env = {
      ...process.env,
      WRIT_DATA_DIR: join(world.folder, "data"),
      WRIT_CONFIG_HOME: join(world.folder, "config"),
      NO_COLOR: "1",
    };
    await world.writ("admin", "init", "--organization", ORGANIZATION, "--admin", upnOf("admin"), "--name", "Ada Admin", "--url", world.url);
    await appendFile(join(world.folder, "data", "writ.toml"), '\n[command]\nprograms = ["/bin/echo", "/bin/sleep", "/usr/bin/sha256sum"]\n');
    await world.serve();
    await writeFile(join(world.folder, "tasks.toml"), TASKS);
    world.codes = {};
    for (const [name, full] of [["alice", "Alice Archer"], ["bob", "Bob Baker"], ["eve", "Eve Earl"]]) {
      world.codes[name] = await world.invite(name, "--name", full);
    }
    await world.writ("admin", "group", "set", `approvers@${ORGANIZATION}`, "--add", upnOf("bob"));
    await world.writ("admin", "enable", "--admin-group", `approvers@${ORGANIZATION}`);
    await world.writ("admin", "workload", "set", "Host", "--connector", "command");
    await world.writ("admin", "task", "set", "-f", join(world.folder, "tasks.toml"));
    await world.writ("admin", "policy", "set", "Host\\Wait", "--approval", "manual", "--max-duration", "8h");
    world.browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
    return world;
  }

  // Lets requests for `Host\Say` in; only once there is somebody who can approve.
  async open() {
    await this.writ("admin", "policy", "set", "Host\\Say", "--approval", "manual", "--max-duration", "8h");
  }

  async serve() {
    this.server = spawn(WRIT, ["serve", "--listen", `127.0.0.1:${this.port}`], { env: this.env, stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    this.server.stderr.on("data", (bytes) => (said += bytes));
    for (let tries = 0; tries < 200; tries += 1) {
      const up = await fetch(`${this.url}/readyz`).then((answer) => answer.ok, () => false);
      if (up) return;
      if (this.server.exitCode !== null) break;
      await new Promise((done) => setTimeout(done, 50));
    }
    throw new Error(`the server did not start: ${said}`);
  }

  // Runs the command line as somebody, and answers what it printed.
  async writ(profile, ...args) {
    const { stdout } = await run(WRIT, ["--profile", profile, ...args], { env: this.env });
    return stdout;
  }

  // Invites somebody, and answers the code.
  async invite(name, ...more) {
    const said = await this.writ("admin", "person", "invite", upnOf(name), ...more);
    return said.match(/([A-Z2-7]{5}-){7}[A-Z2-7]{5}/)[0];
  }

  // A browser of somebody's own, with a virtual authenticator.
  async person({ passkeys = true, ...options } = {}) {
    const context = await this.browser.newContext({ baseURL: this.url, ...options });
    // With WRIT_ASSETS=FOLDER, modules and style are read from there and not from the binary.
    if (process.env.WRIT_ASSETS) {
      await context.route("**/assets/*/*", (route) => route.fulfill({ path: join(process.env.WRIT_ASSETS, route.request().url().split("/").pop()) }));
    }
    const page = await context.newPage();
    page.errors = [];
    page.on("pageerror", (error) => page.errors.push(String(error)));
    page.on("console", (message) => {
      if (message.type() === "error" && !message.text().includes("Failed to load resource")) page.errors.push(message.text());
    });
    if (passkeys) {
      const client = await context.newCDPSession(page);
      await client.send("WebAuthn.enable");
      await client.send("WebAuthn.addVirtualAuthenticator", {
        options: { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
      });
    }
    return page;
  }

  // Joins by an invitation link, with a passkey or a key of the browser.
  async join(page, name, kind = "passkey") {
    await page.goto(`/join#${upnOf(name)}/${this.codes[name]}`);
    await page.click(`button[value=${kind}]`);
    await page.waitForURL(`${this.url}/`);
    return page;
  }

  async stop() {
    const ended = once(this.server, "exit");
    this.server.kill("SIGTERM");
    await ended;
  }

  async end() {
    await this.browser?.close();
    if (this.server) await this.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}

// Signs what the page asks about: presses a button, and then *Sign*.
export async function sign(page, button) {
  await page.locator(button).click();
  await page.locator("#sign button[value=sign]").click();
}

// Asks for a task as somebody, and answers the request's id.
export async function ask(page, task, fields) {
  await page.goto(`/requests/new?task=${encodeURIComponent(task)}`);
  for (const [field, text] of Object.entries(fields)) await page.fill(field, text);
  await sign(page, "form[data-act=request] button.main");
  await page.waitForURL(/\/requests\/[0-9a-f]{64}$/);
  return page.url().split("/").pop();
}
