// The whole story in browsers: join, ask, approve, run, be denied, revoke.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { World, sign } from "./world.js";

let world;
let alice;
let bob;

before(async () => {
  world = await World.begin();
});
after(async () => {
  for (const page of [alice, bob]) assert.deepEqual(page?.errors ?? [], []);
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
