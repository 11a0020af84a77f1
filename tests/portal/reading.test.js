// What whoever reads must see: the risk before it is approved, what was asked
// before, the runs of a request, all of a sentence, a way on from an error; and
// the same on a phone and on paper.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { look } from "./look.js";
import { World, ask, sign, upnOf } from "./world.js";

let world;
let alice;
let bob;
let boss;

before(async () => {
  world = await World.begin();
  world.codes.dora = await world.invite("dora", "--name", "Dora Dean", "--role", "administrator");
  alice = await world.join(await world.person(), "alice", "browser");
  bob = await world.join(await world.person(), "bob", "browser");
  boss = await world.join(await world.person(), "dora", "browser");
  await world.open();
  await world.writ("admin", "workload", "set", "Exchange", "--connector", "exchange", "--tenant", "fabrikam.onmicrosoft.com", "--client-id", "11111111-2222-3333-4444-555555555555");
  await world.writ("admin", "policy", "set", "Exchange\\New-MoveRequest", "--approval", "manual");
});
after(async () => {
  for (const page of [alice, bob, boss]) assert.deepEqual(page?.errors ?? [], []);
  await world?.end();
});

const text = (page, place = "main") => page.locator(place).first().innerText();

async function denied(task, fields) {
  const id = await ask(alice, task, fields);
  await bob.goto(`/requests/${id}`);
  await bob.fill("#deny-comment", "Not today");
  await sign(bob, "form[data-act=end] button.no");
  await bob.locator(".status.denied").first().waitFor();
  return id;
}

async function approved(id, fields = {}) {
  await bob.goto(`/requests/${id}`);
  if (Object.keys(fields).length > 0) await bob.click("text=Approve less");
  for (const [field, value] of Object.entries(fields)) await bob.fill(field, value);
  await sign(bob, "form[data-act=approve] button.main");
  await bob.locator(".status.live").first().waitFor();
}

test("an approver sees who wants what, how risky it is, and what was asked before", async () => {
  await denied("Host\\Wait", { "#reason": "A first time" });
  await alice.goto(`/requests/new?task=${encodeURIComponent("Host\\Wait")}`);
  await alice.click("summary:text-is('More')");
  for (const [field, value] of Object.entries({ "#reason": "The batch has to settle", "#p-seconds": "5", "#runs": "2", "#ticket": "T-4711" })) await alice.fill(field, value);
  await sign(alice, "form[data-act=request] button.main");
  await alice.waitForURL(/\/requests\/[0-9a-f]{64}$/);
  const id = alice.url().split("/").pop();

  await bob.goto("/approvals");
  const row = await text(bob, "#waiting li");
  for (const said of ["high risk", "Alice Archer", upnOf("alice"), "seconds = 5", "at most 2 runs", "T-4711", "left to decide", "The batch has to settle"]) {
    assert.ok(row.includes(said), `${said} in ${row}`);
  }
  await look(bob, "approvals-one");
  await bob.goto(`/requests/${id}`);
  const facts = await text(bob, "#request");
  for (const said of ["Alice Archer", "high risk", "A task of high risk.", "/bin/sleep", "{seconds}", "at most 2", "1: 1 denied"]) {
    assert.ok(facts.includes(said), `${said} in ${facts}`);
  }
  const red = await bob.locator("#request .status.high").first().evaluate((place) => getComputedStyle(place).color);
  assert.match(red, /^rgb\((1[3-9]\d|2\d\d), /);
  for (const path of ["/tasks/", "/policies/", "/requests?scope=all"]) {
    const link = bob.locator(`#request a[href^="${path}"]`).first();
    const answer = await bob.request.get(await link.getAttribute("href"), { headers: { Accept: "text/html" } });
    assert.equal(answer.status(), 200, path);
  }
  // Whom the reader may not look up is no link.
  assert.equal(await bob.locator('#request a[href^="/people/"]').count(), 0);
  await boss.goto(`/requests/${id}`);
  assert.equal(await boss.locator('#request a[href^="/people/"]').count(), 1);
  await look(bob, "request-to-decide-high");
});

test("what is approved is less, and the page and the log say how much", async () => {
  const id = await ask(alice, "Host\\Say", { "#reason": "To say it" });
  await approved(id, { "#approve-duration": "30m", "#narrow-word": "hello" });
  const facts = await text(bob, "#request");
  assert.match(facts, /Limited to\s+word = hello/);
  assert.equal(await bob.locator("#request .loud").count(), 0);
  await boss.goto("/audit?kind=approve");
  assert.match(await text(boss), new RegExp(`bob@[^ ]+ approved the request of alice@[^ ]+ to run Host\\\\Say, for 30m only, with word = hello`));
  await boss.goto(`/audit?kind=request&text=${encodeURIComponent("T-4711")}`);
  assert.match(await text(boss), /asked to run Host\\Wait for \S+ with seconds = 5, at most 2 times, ticket T-4711, because: The batch/);
  const kinds = await boss.locator("#kind option").allTextContents();
  assert.ok(kinds.includes("founding") && !kinds.includes("genesis") && !kinds.includes("tick"), kinds.join());

  // Its runs are listed where they belong, and told apart.
  await alice.goto(`/run?request=${id}`);
  await sign(alice, "form[data-act=invoke] button.main");
  await alice.waitForURL(/\/executions\//);
  await alice.locator(".status.succeeded").first().waitFor();
  const run = alice.url();
  await alice.goto(`/requests/${id}`);
  assert.match(await text(alice, "#runs"), /word = hello[\s\S]*succeeded[\s\S]*exit code 0/);
  await look(alice, "request-with-runs");
  await alice.goto("/executions");
  assert.match(await text(alice, "#list"), new RegExp(`Say a word[\\s\\S]*word = hello[\\s\\S]*exit code 0[\\s\\S]*request ${id.slice(0, 8)}`));
  await bob.goto(`/requests/${id}`);
  assert.match(await text(bob, "#request"), /Used\s+1 time/);
  assert.equal(await bob.locator("#runs").count(), 0);
  await bob.goto(run);
  assert.match(await text(bob, "#failed"), /There is no run .* not for you/);
});

test("a run is running, is stopped, and is said to be killed", async () => {
  const id = await ask(alice, "Host\\Wait", { "#reason": "To stop it", "#p-seconds": "60" });
  await approved(id);
  await alice.goto(`/run?request=${id}`);
  await sign(alice, "form[data-act=invoke] button.main");
  await alice.waitForURL(/\/executions\//);
  await alice.locator(".status.running").waitFor();
  await look(alice, "running");
  await sign(alice, "form[data-act=end] button.no");
  await alice.locator(".status.killed").waitFor();
  assert.match(await text(alice), /killed, since its grant has ended/);
  await look(alice, "killed");
});

test("a task is found by what somebody types", async () => {
  await alice.goto("/requests/new");
  assert.match(await text(alice, "#choices"), /Exchange\\New-MoveRequest/);
  const go = async (typed) => {
    await alice.goto("/requests/new");
    await alice.fill("#open-task", typed);
    await alice.click("#other button");
  };
  await go("new-moverequest");
  assert.match(await text(alice), /Exchange\\New-MoveRequest/);
  await go("Move; it");
  assert.equal(await alice.inputValue("#open-task"), "Move; it");
  assert.match(await text(alice, "#open-problem"), /no name of a task/);
  await look(alice, "new-request-problem");
  await go("say");
  assert.equal(await alice.locator("form[data-act=request]").count(), 0, "it could be two");
  assert.match(await text(alice, "#open-problem"), /Host\\Say or Exchange\\say/i);
});

test("the form of a cmdlet begins with what matters", async () => {
  await alice.goto(`/requests/new?task=${encodeURIComponent("Exchange\\New-MoveRequest")}`);
  const labels = await alice.locator("fieldset > .field > label").allTextContents();
  assert.match(labels[0], /Identity/);
  assert.ok(labels.some((label) => label.includes("TargetDatabase")), labels.join());
  await look(alice, "exchange-form");
  await alice.click("text=/more parameters/");
  assert.equal(await alice.locator("#p-BadItemLimit").evaluate((field) => field.tagName), "INPUT");
  assert.equal(await alice.locator("#p-Suspend option").first().textContent(), "any");
  await alice.click("text=not named here");
  await alice.fill("#reason", "To move it");
  await alice.fill("#p-TargetDatabase", "DB01");
  await alice.fill("#p--others", "Priority=High\nForce=true");
  await sign(alice, "form[data-act=request] button.main");
  await alice.waitForURL(/\/requests\/[0-9a-f]{64}$/);
  const facts = await text(alice, "#request");
  for (const said of ["TargetDatabase = DB01", "Priority = High", "Force = true"]) assert.ok(facts.includes(said), facts);
  // Whoever approves can fix as much.
  await bob.goto(alice.url());
  await bob.click("text=Approve less");
  await bob.fill("#narrow-Identity", "alice");
  await sign(bob, "form[data-act=approve] button.main");
  await bob.locator(".status.live").first().waitFor();
  assert.match(await text(bob, "#request"), /Limited to[\s\S]*Identity = alice/);
});

test("a long reason floods nothing, and nothing of it is cut unsaid", async () => {
  await alice.goto(`/requests/new?task=${encodeURIComponent("Host\\Say")}`);
  await alice.fill("#reason", "x".repeat(2100));
  assert.match(await text(alice, ".counter"), /2100 characters, 100 too many/);
  assert.equal((await alice.inputValue("#reason")).length, 2100);
  await alice.click("form[data-act=request] button.main");
  assert.equal(await alice.locator("#sign[open]").count(), 0);
  const piled = `Z${"\u0301".repeat(60)} `;
  const id = await ask(alice, "Host\\Say", { "#reason": `${piled.repeat(8)}${"many words ".repeat(120)}` });
  await bob.goto("/approvals");
  const { height } = await bob.locator(`#waiting .clamped`).last().boundingBox();
  assert.ok(height < 80, `${height}`);
  await look(bob, "approvals-long");
  await bob.goto(`/requests/${id}`);
  const folded = (await bob.locator("#reason-text").boundingBox()).height;
  await bob.click("#request button:text-is('more')");
  assert.ok((await bob.locator("#reason-text").boundingBox()).height > folded);
});

test("administrators begin where there is something, and find the switch and the figures", async () => {
  for (const path of ["/requests", "/executions"]) {
    await boss.goto(path);
    assert.equal(await boss.inputValue("#scope"), "all");
    assert.ok((await boss.locator("#list a[data-row]").count()) > 0, path);
    await boss.goto(`${path}?scope=mine`);
    assert.match(await text(boss, "#list"), /see all that you may see/);
  }
  await boss.click("#menu >> text=Privileged access");
  await boss.locator("#disable").waitFor();
  await boss.goto("/settings");
  assert.equal(await boss.locator('main a[href="/settings/control"]').count(), 1);
  await boss.click("#menu >> text=Figures");
  await look(boss, "figures-menu");
  await alice.goto("/");
  assert.equal(await alice.locator("#menu >> text=Figures").count(), 0);
});

test("a system account is exempt for all tasks only if somebody says so", async () => {
  await boss.goto("/system-accounts");
  await boss.click("text=Add a system account");
  await boss.fill("#upn", upnOf("bakcup"));
  await boss.press("#upn", "Tab");
  await boss.locator("#nobody-yet", { hasText: "Nobody has the name" }).waitFor();
  await boss.click("#add button.main");
  assert.equal(await boss.locator("#sign[open]").count(), 0, "neither is chosen");
  await boss.check("#only-these");
  await boss.click("#add button.main");
  assert.equal(await boss.locator("#sign[open]").count(), 0, "no task is named");
  await look(boss, "system-account-form");
  await boss.check("#all-tasks");
  await boss.click("#add button.main");
  assert.match(await text(boss, "#sign[open]"), /all tasks/i);
  await boss.click("#sign button[value=sign]");
  await boss.locator("#said", { hasText: upnOf("bakcup") }).waitFor();
});

test("who is signed in keeps the menu where something is wrong", async () => {
  for (const path of ["/nope", "/requests/ffff", "/audit/999999", "/requests?status=foo", "/people/nobody@x.example"]) {
    await boss.goto(path);
    assert.ok((await boss.locator("#failed").count()) === 1 && (await boss.locator("#menu a").count()) > 5, path);
    assert.doesNotMatch(await text(boss, "#failed"), /\/v1|API|header|`/);
  }
  await look(boss, "missing");
});

test("on paper it says when, in UTC, by whom and of what", async () => {
  await boss.goto("/audit?outcome=accepted");
  await boss.emulateMedia({ media: "print", colorScheme: "light" });
  const paper = await text(boss, "#main");
  assert.match(paper, /Printed by Dora Dean \(dora@/);
  assert.match(paper, /Asked for: Answer: accepted/);
  assert.match(paper, /\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/);
  assert.equal(await boss.locator("time .screen:visible").count(), 0);
  await boss.emulateMedia({ media: "screen" });
  assert.match(await boss.locator("time").last().getAttribute("title"), /UTC$/);
});

test("on a phone the menu opens, and names keep their letters", async () => {
  await boss.setViewportSize({ width: 390, height: 844 });
  await boss.goto(`/audit/as-of?day=${new Date().toISOString().slice(0, 10)}`);
  assert.equal(await boss.locator("#menu a:visible").count(), 0);
  assert.match(await text(boss, ".menu-button"), /Audit/);
  for (const value of await boss.locator("dl.names dd").all()) assert.ok((await value.boundingBox()).width > 150);
  assert.ok((await boss.locator(".who a").boundingBox()).width > 60);
  await boss.click(".menu-button");
  await boss.click("#menu >> text=Figures");
  await boss.waitForURL(/\/figures$/);
});
