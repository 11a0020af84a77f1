// Every page in both themes and two widths: nothing that axe finds against
// WCAG 2.2 AA, nothing wider than the window. With WRIT_SHOTS=FOLDER a picture
// of each is kept there.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { World, sign } from "./world.js";

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const SIZES = { wide: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } };

let world;
let people;
let ids;

before(async () => {
  world = await World.begin();
  people = {
    alice: await world.join(await world.person(), "alice", "browser"),
    bob: await world.join(await world.person(), "bob", "passkey"),
  };
  await world.open();
  const { alice, bob } = people;
  const ask = async (task, fields) => {
    await alice.goto(`/requests/new?task=${encodeURIComponent(task)}`);
    for (const [field, text] of Object.entries(fields)) await alice.fill(field, text);
    await sign(alice, "form[data-act=request] button.main");
    await alice.waitForURL(/\/requests\/[0-9a-f]{64}$/);
    return alice.url().split("/").pop();
  };
  const live = await ask("Host\\Say", { "#reason": "The word has to be said before the maintenance window of this evening ends", "#p-word": "hello" });
  await bob.goto(`/requests/${live}`);
  await bob.fill("#approve-comment", "Go ahead");
  await sign(bob, "form[data-act=approve] button.main");
  await bob.locator(".status.live").first().waitFor();
  await alice.goto(`/run?request=${live}`);
  await sign(alice, "form[data-act=invoke] button.main");
  await alice.waitForURL(/\/executions\//);
  await alice.locator(".status.succeeded").first().waitFor();
  const execution = alice.url().split("/").pop();
  const denied = await ask("Host\\Wait", { "#reason": "To see what happens" });
  await bob.goto(`/requests/${denied}`);
  await bob.fill("#deny-comment", "Not today");
  await sign(bob, "form[data-act=end] button.no");
  await bob.locator(".status.denied").first().waitFor();
  const pending = await ask("Host\\Wait", { "#reason": "Ticket 4711: the batch has to settle", "#p-seconds": "5" });
  ids = { live, denied, pending, execution };
});
after(() => world?.end());

const pages = () => ({
  alice: {
    home: "/",
    requests: "/requests",
    "new-request": "/requests/new",
    "request-form": `/requests/new?task=${encodeURIComponent("Host\\Say")}`,
    "request-live": `/requests/${ids.live}`,
    "request-denied": `/requests/${ids.denied}`,
    "request-own-pending": `/requests/${ids.pending}`,
    run: `/run?request=${ids.live}`,
    executions: "/executions",
    execution: `/executions/${ids.execution}`,
    "approvals-empty": "/approvals",
    missing: "/requests/ffff",
  },
  bob: {
    "home-approver": "/",
    approvals: "/approvals",
    "request-to-decide": `/requests/${ids.pending}`,
  },
});

async function look(page, name) {
  for (const colorScheme of ["light", "dark"]) {
    for (const [size, viewport] of Object.entries(SIZES)) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize(viewport);
      if (process.env.WRIT_SHOTS) {
        await page.screenshot({ path: join(process.env.WRIT_SHOTS, `${name}-${colorScheme}-${size}.png`), fullPage: true });
      }
      const { scrollWidth, clientWidth } = await page.evaluate(() => {
        const { scrollWidth, clientWidth } = document.documentElement;
        return { scrollWidth, clientWidth };
      });
      assert.ok(scrollWidth <= clientWidth, `${name} is ${scrollWidth} wide on ${clientWidth}`);
      // Not by a tag of the page: its policy lets none in.
      await page.evaluate(axe);
      const { violations, passes } = await page.evaluate((values) => axe.run({ runOnly: { type: "tag", values } }), TAGS);
      assert.ok(passes.length > 10, `axe looked at ${name}`);
      const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" | ")}`);
      assert.deepEqual(found, [], `${name}, ${colorScheme}, ${size}`);
    }
  }
}

test("every page of people who are signed in", async (context) => {
  for (const [who, paths] of Object.entries(pages())) {
    for (const [name, path] of Object.entries(paths)) {
      await context.test(`${name}: ${path}`, async () => {
        await people[who].goto(path);
        await look(people[who], name);
      });
    }
  }
});

test("the pages of whoever is nobody yet", async (context) => {
  const page = await world.person();
  for (const [name, path] of Object.entries({ "sign-in": "/sign-in", join: "/join" })) {
    await context.test(name, async () => {
      await page.goto(path);
      await look(page, name);
    });
  }
});
