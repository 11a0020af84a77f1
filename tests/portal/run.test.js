// Running in a browser: what does not stand in the statement, and what is over.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, test } from "node:test";
import { World, ask, sign } from "./world.js";

const PIN = "correct horse, Grüße";

let world;
let alice;
let bob;

before(async () => {
  world = await World.begin();
  bob = await world.join(await world.person(), "bob", "browser");
  alice = await world.join(await world.person(), "alice", "browser");
  await world.open();
  await world.writ("admin", "policy", "set", "Host\\Sum", "--approval", "manual");
});
after(async () => {
  for (const page of [alice, bob]) assert.deepEqual(page?.errors ?? [], []);
  await world?.end();
});

// A live grant of a task for Alice, and the page to run it.
async function granted(task, fields = {}) {
  const id = await ask(alice, task, { "#reason": "For a test", ...fields });
  await bob.goto(`/requests/${id}`);
  await sign(bob, "form[data-act=approve] button.main");
  await bob.locator(".status.live").first().waitFor();
  await alice.goto(`/run?request=${id}`);
  return id;
}

test("a secret is sealed in the browser, and only the program reads it", async () => {
  await granted("Host\\Sum");
  const posted = alice.waitForRequest((request) => request.url().endsWith("/v1/statements"));
  await alice.fill("#p-pin", PIN);
  await alice.click("form[data-act=invoke] button.main");
  const dialog = await alice.locator("#sign[open]").innerText();
  assert.match(dialog, /Sealed: pin/);
  assert.ok(!dialog.includes(PIN));
  await alice.click("#sign button[value=sign]");
  await alice.locator(".status.succeeded").first().waitFor();
  const sum = createHash("sha256").update(PIN).digest("hex");
  await alice.locator("#output", { hasText: sum }).waitFor();
  assert.match(await alice.textContent("main"), /pin = \(sealed\)/);
  const body = (await posted).postData();
  const { envelope, blobs } = JSON.parse(body);
  const payload = Buffer.from(envelope.payload, "base64").toString();
  assert.deepEqual(Object.keys(blobs), [JSON.parse(payload).body.sealed.pin.digest]);
  const [box] = Object.values(blobs).map((text) => Buffer.from(text, "base64").toString());
  for (const sent of [body, payload, box]) assert.ok(!sent.includes("correct"), sent);
});

test("a text too long for the statement travels beside it", async () => {
  await granted("Host\\Say");
  const long = "wörd ".repeat(600).trim();
  await alice.fill("#p-word", long);
  await sign(alice, "form[data-act=invoke] button.main");
  await alice.locator(".status.succeeded").first().waitFor();
  await alice.locator("#output", { hasText: long.slice(-200) }).waitFor();
  assert.match(await alice.textContent("main"), /word = a text of \d+ bytes/);
});

test("what has expired is over in every window, and cannot be run from an old one", async () => {
  const id = await granted("Host\\Say", { "#duration": "1m", "#p-word": "hello" });
  const other = await alice.context().newPage();
  await other.goto(`/requests/${id}`);
  await other.locator(".status.live").first().waitFor();
  await other.locator(".status.ended").first().waitFor({ timeout: 90_000 });
  await alice.locator("#run [role=alert]", { hasText: "This request is ended." }).waitFor();
  assert.equal(await other.locator("a", { hasText: "Run it" }).count(), 0);
  // A page knows the time; the log says within a second or two that it has come.
  const status = async () => (await (await other.request.get(`/v1/requests/${id}`)).json()).status;
  while ((await status()) !== "ended") await other.waitForTimeout(200);
  await other.close();
});
