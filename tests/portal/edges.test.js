// What goes otherwise: wrong, used and ended invitations; deny, shorten, cancel,
// revoke; two windows racing; decisions after the state changed; signing out;
// a lost key; the keyboard alone.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { World, ask as askFor, sign, upnOf } from "./world.js";

let world;
let alice;
let bob;

before(async () => {
  world = await World.begin();
  alice = await world.join(await world.person(), "alice", "browser");
  bob = await world.join(await world.person(), "bob", "browser");
  await world.open();
});
after(() => world?.end());

const ask = (page, fields = {}) => askFor(page, "Host\\Say", { "#reason": "Trying it", ...fields });

const alert = (page, form) => page.locator(`${form} [role=alert]`);

test("a wrong, a used and a foreign code are refused in words", async () => {
  const page = await world.person();
  await page.goto("/join");
  await page.fill("#upn", upnOf("eve"));
  for (const [code, said] of [
    ["ABC", /not whole/],
    [world.codes.eve.replace(/^./, (letter) => (letter === "A" ? "B" : "A")), /not whole/],
    [world.codes.alice, /not enrolled for this name/],
  ]) {
    await page.fill("#code", code);
    await page.click("button[value=browser]");
    await alert(page, "#invitation").filter({ hasText: said }).waitFor();
  }
  // What was refused is not offered as a key.
  await page.goto("/sign-in");
  await page.locator("#no-key").waitFor();
});

test("the code does not stay in the address", async () => {
  const page = await world.person();
  await page.goto(`/join#${upnOf("eve")}/${world.codes.eve}`);
  await page.locator("#invitation").waitFor();
  assert.equal(await page.inputValue("#code"), world.codes.eve);
  assert.ok(!page.url().includes(world.codes.eve), page.url());
});

test("a request is denied with a reason, and loses its buttons in every window", async () => {
  const id = await ask(alice);
  const second = await bob.context().newPage();
  await second.goto(`/requests/${id}`);
  await second.locator("form[data-act=approve]").waitFor();
  await bob.goto(`/requests/${id}`);
  await bob.fill("#deny-comment", "Not today");
  await sign(bob, "form[data-act=end] button.no");
  await bob.locator(".status.denied").waitFor();
  await second.locator(".status.denied").waitFor();
  assert.equal(await second.locator("form[data-act]").count(), 0);
  assert.match(await second.textContent(".timeline"), /Denied by bob@fabrikam\.example: Not today/);
  await second.close();
});

test("an approver grants less than was asked for", async () => {
  const id = await ask(alice, { "#duration": "4h" });
  await bob.goto(`/requests/${id}`);
  await bob.click("summary:has-text('Approve less')");
  await bob.fill("#approve-duration", "1 hour");
  await bob.click("form[data-act=approve] button.main");
  // What cannot be read is said at the field, and nothing is signed.
  assert.equal(await bob.locator("#sign").isVisible(), false);
  await bob.fill("#approve-duration", "30m");
  await bob.fill("#narrow-word", "safe");
  await sign(bob, "form[data-act=approve] button.main");
  await bob.locator(".status.live").waitFor();
  assert.match(await bob.textContent("#request"), /for 30m/);
  await alice.goto(`/run?request=${id}`);
  assert.equal(await alice.inputValue("#p-word"), "safe");
  await alice.fill("#p-word", "other");
  await sign(alice, "form[data-act=invoke] button.main");
  await alert(alice, "form[data-act=invoke]").filter({ hasText: /word/ }).waitFor();
  // What was typed is still there.
  assert.equal(await alice.inputValue("#p-word"), "other");
});

test("one's own request is canceled, and what is live is revoked", async () => {
  const id = await ask(alice);
  await sign(alice, "form[data-act=end] button");
  await alice.locator(".status.canceled").waitFor();
  const other = await ask(alice);
  await bob.goto(`/requests/${other}`);
  await sign(bob, "form[data-act=approve] button.main");
  await bob.locator(".status.live").waitFor();
  await bob.fill("#revoke-comment", "Enough");
  await sign(bob, "form[data-act=end] button.no");
  await bob.locator(".status.revoked").waitFor();
  await alice.goto(`/run?request=${other}`);
  assert.match(await alice.textContent("#run"), /revoked/);
  assert.match(await alice.getAttribute("#run a", "href"), /requests\/new\?task=/);
  assert.notEqual(id, other);
});

test("two windows decide at once: one counts, and both say who", async () => {
  const id = await ask(alice);
  const second = await bob.context().newPage();
  for (const page of [bob, second]) {
    await page.goto(`/requests/${id}`);
    await page.locator("form[data-act=approve] button.main").click();
    await page.locator("#sign[open]").waitFor();
  }
  await bob.click("#sign button[value=sign]");
  await bob.locator(".status.live").waitFor();
  await second.click("#sign button[value=sign]");
  await second.locator("text=approved by bob@fabrikam.example").first().waitFor();
  await second.close();
});

test("the keyboard alone is enough to decide", async () => {
  await ask(alice);
  await bob.goto("/");
  await bob.keyboard.press("g");
  await bob.keyboard.press("a");
  await bob.waitForURL("**/approvals");
  await bob.keyboard.press("j");
  await bob.keyboard.press("Enter");
  await bob.waitForURL(/\/requests\//);
  await bob.locator("form[data-act=approve] button.main").focus();
  await bob.keyboard.press("Enter");
  await bob.locator("#sign[open]").waitFor();
  await bob.keyboard.press("Escape");
  assert.equal(await bob.locator("#sign").isVisible(), false);
  await bob.locator(".status.pending").waitFor();
  await bob.locator("form[data-act=approve] button.main").focus();
  await bob.keyboard.press("Enter");
  await bob.locator("#sign[open]").waitFor();
  await bob.keyboard.press("Enter");
  await bob.locator(".status.live").waitFor();
});

test("an answer that is lost is asked for again, and acts once", async () => {
  let lost = 0;
  await alice.route("**/v1/statements", async (route) => {
    await route.fetch();
    lost += 1;
    if (lost === 1) return route.abort();
    return route.continue();
  });
  const id = await ask(alice);
  await alice.unroute("**/v1/statements");
  assert.equal(lost, 2);
  await alice.locator(".status.pending").waitFor();
  await world.writ("admin", "revoke", id, "--comment", "tidy", "--yes");
});

test("signing out here ends this session, everywhere all of them", async () => {
  const before = await alice.context().cookies();
  await alice.goto("/");
  await alice.click("#sign-out");
  await alice.waitForURL("**/sign-in");
  // Going back shows nothing of it.
  await alice.goBack();
  await alice.waitForURL("**/sign-in**");
  // A copy of the cookie is worth nothing.
  await alice.context().addCookies(before);
  await alice.goto("/requests");
  await alice.waitForURL("**/sign-in**");
  await alice.locator("#keys button.main").click();
  await alice.waitForURL("**/requests");
});

test("whoever lost the key joins again by a new code, and the old key is dead", async () => {
  world.codes.alice = await world.invite("alice");
  const fresh = await world.join(await world.person(), "alice", "browser");
  await fresh.locator("text=Alice Archer").first().waitFor();
  await alice.goto("/");
  await alice.waitForURL("**/sign-in**");
  await alice.locator("#keys button.main").click();
  await alice.locator("#keys [role=alert]").filter({ hasText: /./ }).first().waitFor();
  alice = fresh;
});

test("an approval by somebody who may not decide any more is refused in words", async () => {
  const id = await ask(alice);
  await bob.goto(`/requests/${id}`);
  await bob.locator("form[data-act=approve] button.main").click();
  await world.writ("admin", "group", "set", "approvers@fabrikam.example", "--remove", upnOf("bob"), "--add", upnOf("admin"));
  await bob.click("#sign button[value=sign]");
  await bob.locator("[role=alert]").filter({ hasText: /./ }).first().waitFor();
});
