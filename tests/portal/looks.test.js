// How the pages look on which people ask, decide and run.

import { after, before, test } from "node:test";
import { look } from "./look.js";
import { World, ask, sign } from "./world.js";

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
  const live = await ask(alice, "Host\\Say", { "#reason": "The word has to be said before the maintenance window of this evening ends", "#p-word": "hello" });
  await bob.goto(`/requests/${live}`);
  await bob.fill("#approve-comment", "Go ahead");
  await sign(bob, "form[data-act=approve] button.main");
  await bob.locator(".status.live").first().waitFor();
  await alice.goto(`/run?request=${live}`);
  await sign(alice, "form[data-act=invoke] button.main");
  await alice.waitForURL(/\/executions\//);
  await alice.locator(".status.succeeded").first().waitFor();
  const execution = alice.url().split("/").pop();
  const denied = await ask(alice, "Host\\Wait", { "#reason": "To see what happens" });
  await bob.goto(`/requests/${denied}`);
  await bob.fill("#deny-comment", "Not today");
  await sign(bob, "form[data-act=end] button.no");
  await bob.locator(".status.denied").first().waitFor();
  const pending = await ask(alice, "Host\\Wait", { "#reason": "Ticket 4711: the batch has to settle", "#p-seconds": "5" });
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
