// The whole story in browsers: join, ask, approve, run, revoke, prove.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ORGANIZATION, World, ask, sign, upnOf } from "./world.js";

let world;
let alice;
let bob;
let eve;

before(async () => {
  world = await World.begin();
});
after(async () => {
  for (const page of [alice, bob, eve]) assert.deepEqual(page?.errors ?? [], []);
  await world?.end();
});

test("people join with a passkey and with a key of the browser", async () => {
  bob = await world.join(await world.person(), "bob", "passkey");
  alice = await world.join(await world.person(), "alice", "browser");
  assert.match(await alice.textContent("header"), /Alice Archer/);
  await world.open();
});

test("a request is asked for, approved, run, and its output read", async () => {
  await alice.goto("/requests/new");
  await alice.fill("#search", "say");
  await alice.click("#choices a:visible");
  await alice.fill("#reason", "Trying it");
  await alice.fill("#p-word", "hello");
  await sign(alice, "form[data-act=request] button.main");
  await alice.waitForURL(/\/requests\/[0-9a-f]{64}$/);
  assert.match(await alice.textContent("#request"), /pending/);

  await bob.goto("/");
  await bob.click("#waiting a");
  assert.match(await bob.textContent("#request"), /alice@fabrikam\.example/);
  await sign(bob, "form[data-act=approve] button.main");
  await bob.locator(".status.live").first().waitFor();

  // It changes in the requester's window by itself.
  await alice.locator(".status.live").first().waitFor();
  await alice.click("text=Run it");
  assert.equal(await alice.inputValue("#p-word"), "hello");
  await sign(alice, "form[data-act=invoke] button.main");
  await alice.waitForURL(/\/executions\//);
  await alice.locator(".status.succeeded").first().waitFor();
  await alice.locator("#output", { hasText: "hello" }).waitFor();
});

test("three people: two approve, one runs, another revokes, and each sees it happen", async () => {
  const group = `approvers@${ORGANIZATION}`;
  await world.writ("admin", "group", "set", group, "--add", upnOf("eve"));
  await world.writ("admin", "policy", "set", "Host\\Wait", "--approval", "manual", "--approvers", `${group}:2`);
  eve = await world.join(await world.person(), "eve", "passkey");

  const id = await ask(alice, "Host\\Wait", { "#reason": "A long maintenance" });
  assert.match(await alice.textContent("#request"), /2 approvals of approvers@fabrikam\.example/);
  for (const page of [bob, eve]) {
    await page.goto("/");
    await page.click("#waiting a");
    assert.match(await page.textContent("#request"), /A long maintenance/);
  }
  await sign(bob, "form[data-act=approve] button.main");
  // One is not enough, and the others see who it was.
  for (const page of [alice, eve]) await page.locator(".timeline", { hasText: "Approved by bob@fabrikam.example" }).waitFor();
  assert.match(await alice.textContent("#request"), /pending/);
  await bob.locator("form[data-act=approve]").waitFor({ state: "detached" });
  await eve.fill("#approve-comment", "Tonight only");
  await sign(eve, "form[data-act=approve] button.main");
  for (const page of [alice, bob, eve]) await page.locator(".status.live").first().waitFor();
  assert.match(await alice.textContent(".timeline"), /Tonight only/);

  // A short run succeeds; of a long one its revocation kills.
  for (const seconds of ["0", "50"]) {
    await alice.goto(`/run?request=${id}`);
    await alice.fill("#p-seconds", seconds);
    await sign(alice, "form[data-act=invoke] button.main");
    await alice.waitForURL(/\/executions\//);
    if (seconds === "0") await alice.locator(".status.succeeded").first().waitFor();
  }
  await bob.check("#kill");
  await bob.fill("#revoke-comment", "Maintenance is off");
  await sign(bob, "form[data-act=end] button.no");
  for (const page of [bob, eve]) await page.locator(".status.revoked").first().waitFor();
  await alice.locator("main", { hasText: "killed" }).waitFor();
  await alice.goto(`/run?request=${id}`);
  assert.match(await alice.textContent("#run"), /revoked/);
  assert.equal(await alice.locator("form[data-act=invoke]").count(), 0);
});

test("what happened proves itself to a stranger", async () => {
  await alice.goto("/executions?status=succeeded");
  await alice.click("[data-rows] a");
  const downloading = alice.waitForEvent("download");
  await alice.click("a[download]:has-text('Proof')");
  const file = await (await downloading).path();
  const { organization_id: organization } = JSON.parse(await world.writ("admin", "status", "-o", "json"));
  const verified = await world.writ("nobody", "verify", file, "--organization", organization);
  for (const words of ["alice@fabrikam.example", "bob@fabrikam.example", "Tonight only"]) assert.ok(verified.includes(words), verified);
});

test("nobody hears of what is not theirs", async () => {
  // Eve may decide nothing of Host\Say any more, and reads along.
  await world.writ("admin", "group", "set", `approvers@${ORGANIZATION}`, "--remove", upnOf("eve"));
  await eve.goto("/");
  await eve.evaluate(() => {
    window.heard = [];
    const events = new EventSource("/v1/events");
    for (const kind of document.body.dataset.events.split(" ")) {
      events.addEventListener(kind, (event) => window.heard.push(`${event.type} ${event.data}`));
    }
    return new Promise((open) => (events.onopen = open));
  });
  const theirs = await ask(alice, "Host\\Say", { "#reason": "Not for Eve", "#p-word": "hello" });
  await world.writ("admin", "group", "set", `approvers@${ORGANIZATION}`, "--add", upnOf("eve"));
  const ours = await ask(alice, "Host\\Wait", { "#reason": "For Eve too", "#p-seconds": "1" });
  await eve.waitForFunction((id) => window.heard.some((text) => text.includes(id)), ours);
  const heard = (await eve.evaluate(() => window.heard)).join("\n");
  assert.ok(!heard.includes(theirs) && !heard.includes("Not for Eve"), heard);
  assert.equal((await eve.request.get(`/v1/requests/${theirs}`)).status(), 200);
});
