// Saying something: what is told before it is signed, what is found before it
// is sent, what is told when it is refused, and what goes on without a mouse,
// without a script and without a server.

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { look } from "./look.js";
import { World, ask as askFor, sign, upnOf } from "./world.js";

let world;
let boss;
let alice;
let bob;

const path = (name) => encodeURIComponent(name);
const sentence = (page) => page.locator("#sign[open] [data-sentence]").innerText();
const agree = (page) => page.click("#sign button[value=sign]");
const back = (page) => page.click("#sign button[value='']");
const alert = (page, form) => page.locator(`${form} [role=alert]:not(:empty)`);
// What is wrong with a field: what says it may still be on its way.
async function problem(page, field) {
  const message = await page.waitForFunction((field) => document.querySelector(field).validationMessage, field);
  return message.jsonValue();
}
const unfold = (page) => page.evaluate(() => document.querySelectorAll("details").forEach((folded) => (folded.open = true)));
// A request that nothing pending is like.
let asked = 0;
const ask = (fields = {}) => askFor(alice, "Host\\Say", { "#reason": "Trying it", "#p-word": `word ${(asked += 1)}`, ...fields });

before(async () => {
  world = await World.begin();
  world.codes.boss = await world.invite("boss", "--role", "administrator");
  boss = await world.join(await world.person(), "boss", "browser");
  bob = await world.join(await world.person(), "bob", "browser");
  alice = await world.join(await world.person(), "alice", "browser");
  await world.open();
});
after(async () => {
  for (const page of [boss, alice, bob]) assert.deepEqual(page?.errors ?? [], []);
  await world?.end();
});

test("a request, an approval of less, a run and a revocation tell all that is signed", async () => {
  await alice.goto(`/requests/new?task=${path("Host\\Say")}`);
  await unfold(alice);
  await alice.fill("#reason", "Trying it");
  await alice.fill("#duration", "2h");
  await alice.fill("#runs", "3");
  await alice.fill("#ticket", "INC-1");
  await alice.click("form[data-act=request] button.main");
  assert.match(await sentence(alice), /^Ask for Host\\Say for 2h\.\s+Why: Trying it\s+With any parameters\s+At most 3 runs\s+Starts when it is approved\s+Ticket: INC-1$/);
  await agree(alice);
  await alice.waitForURL(/\/requests\/[0-9a-f]{64}$/);
  const id = alice.url().split("/").pop();

  await bob.goto(`/requests/${id}`);
  await unfold(bob);
  await bob.fill("#approve-duration", "30m");
  await bob.fill("#narrow-word", "safe");
  await bob.fill("#approve-comment", "Half an hour will do");
  await bob.click("form[data-act=approve] button.main");
  assert.match(await sentence(bob), /Approve Host\\Say for alice@fabrikam\.example, for 30m\.[\s\S]*Only word = safe[\s\S]*At most 3 runs, as asked[\s\S]*Comment: Half an hour will do/);
  await look(bob, "sign-approve");
  await agree(bob);
  // What was done is told in the same words, and without 64 digits.
  const said = await bob.locator("#said:not([hidden])").innerText();
  assert.match(said, /^Done: Approve Host\\Say for alice@fabrikam\.example, for 30m\./);
  assert.doesNotMatch(said, /[0-9a-f]{64}/);

  await alice.goto(`/run?request=${id}`);
  await alice.click("form[data-act=invoke] button.main");
  assert.match(await sentence(alice), /^Run Host\\Say now\.\s+word = safe\s+Under the request /);
  await back(alice);

  await bob.locator(".status.live").first().waitFor();
  await bob.fill("#revoke-comment", "Enough");
  await bob.check("#kill");
  await bob.click("form[data-act=end] button.no");
  assert.match(await sentence(bob), /^Revoke Host\\Say of alice@fabrikam\.example, at once\.\s+Why: Enough\s+Kill runs in flight/);
  await agree(bob);
  await bob.locator(".status.revoked").first().waitFor();
});

test("an administrator is told a role, a policy's defaults, and an exemption for everything", async () => {
  await boss.goto("/people/invite");
  await boss.fill("#upn", upnOf("gina"));
  await boss.selectOption("#role", "administrator");
  await boss.click("#invite button.main");
  assert.match(await sentence(boss), /^Invite gina@fabrikam\.example\.[\s\S]*Role: administrator: sets objects/);
  await back(boss);

  await boss.goto(`/policies/new?task=${path("Host\\Sum")}`);
  await boss.click("#set button.main");
  assert.match(await sentence(boss), /^Set the policy Host\\Sum\.[\s\S]*Approval: manual[\s\S]*Who is asked: the default group, for one approval[\s\S]*For at most: 1d[\s\S]*Parameters: any/);
  await look(boss, "sign-policy");
  await boss.setViewportSize({ width: 1280, height: 900 });
  await back(boss);

  await boss.goto("/system-accounts");
  await unfold(boss);
  await boss.fill("#upn", upnOf("robot"));
  await boss.check("#all-tasks");
  await boss.click("#add button.main");
  assert.match(await sentence(boss), /adds robot@fabrikam\.example runs ALL tasks without asking, until/);
  await back(boss);

  await boss.goto("/groups/approvers@fabrikam.example");
  await unfold(boss);
  await boss.fill("#members", `${upnOf("bob")}\n${upnOf("frank")}`);
  await boss.click("#set button.main");
  assert.match(await sentence(boss), /Members: adds frank@fabrikam\.example/);
  await back(boss);
  await boss.fill("#members", `${upnOf("bob")}\nfrank`);
  await boss.click("#set button.main");
  assert.match(await problem(boss, "#members"), /not frank/);

  await boss.goto(`/people/${upnOf("eve")}`);
  await sign(boss, "#deactivate button.no");
  await boss.locator("#said:not([hidden])", { hasText: "Done: Deactivate eve@fabrikam.example." }).waitFor();
  assert.doesNotMatch(await boss.textContent("#said"), /the invitation of/);
  await sign(boss, "#reactivate button.main");
  await boss.locator("#deactivate").waitFor();
});

test("what cannot be granted is found at its field, before anything is signed", async () => {
  await alice.goto(`/requests/new?task=${path("Host\\Say")}`);
  await unfold(alice);
  const local = (ms) => new Date(ms - new Date().getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
  const fields = { "#reason": "Trying it", "#duration": "1h" };
  for (const [field, text, said] of [
    ["#reason", "  \n ", /only blanks/],
    ["#duration", "9h", /at most 8h/],
    ["#duration", "30s", /at least 1m/],
    ["#runs", "0", /at least 1/],
    ["#start", local(Date.now() - 3_600_000), /over already/],
    ["#start", local(Date.now() + 40 * 86_400_000), /within the next 30 days/],
  ]) {
    for (const [other, right] of Object.entries(fields)) await alice.fill(other, right);
    await alice.fill(field, text);
    await alice.click("form[data-act=request] button.main");
    assert.match(await problem(alice, field), said, `${field}: ${text}`);
    assert.equal(await alice.locator("#sign").isVisible(), false);
    await alice.fill(field, "");
  }
  const id = await ask({ "#duration": "1h" });
  await bob.goto(`/requests/${id}`);
  await bob.fill("#deny-comment", "   ");
  await bob.click("form[data-act=end] button.no");
  assert.match(await problem(bob, "#deny-comment"), /only blanks/);
  await unfold(bob);
  await bob.fill("#approve-duration", "2h");
  await bob.click("form[data-act=approve] button.main");
  assert.match(await problem(bob, "#approve-duration"), /at most 1h/);
  await boss.goto("/people/invite");
  await boss.fill("#upn", "nobody");
  await boss.click("#invite button.main");
  assert.match(await problem(boss, "#upn"), /alice@example\.com/);
});

test("a refusal is in sight, has the focus, and leads on without a command", async () => {
  await ask({ "#p-word": "twice" });
  await alice.setViewportSize({ width: 1280, height: 900 });
  await alice.goto(`/requests/new?task=${path("Host\\Say")}`);
  await unfold(alice);
  await alice.fill("#reason", "Trying it");
  await alice.fill("#p-word", "twice");
  await sign(alice, "form[data-act=request] button.main");
  const place = alert(alice, "form[data-act=request]");
  await place.waitFor();
  assert.match(await place.innerText(), /^You asked for the same already, and it is pending\. See your requests\./);
  assert.equal(await place.locator("a").getAttribute("href"), "/requests");
  assert.ok(await place.evaluate((place) => place === document.activeElement));
  const { y, height } = await place.boundingBox();
  assert.ok(y >= 0 && y + height <= 900, `${y}`);
  await look(alice, "sign-refused");
  await alice.setViewportSize({ width: 1280, height: 900 });
});

test("the dialog gives the focus back; Ctrl and Enter send and sign; ? tells the keys", async () => {
  const id = await ask();
  await bob.goto(`/requests/${id}`);
  await bob.keyboard.press("?");
  await bob.locator("#shortcuts[open]", { hasText: "sends the form" }).waitFor();
  await look(bob, "sign-shortcuts");
  await bob.setViewportSize({ width: 1280, height: 900 });
  await bob.keyboard.press("Escape");
  const button = bob.locator("form[data-act=approve] button.main");
  await button.focus();
  await bob.keyboard.press("Enter");
  await bob.locator("#sign[open]").waitFor();
  await bob.keyboard.press("Escape");
  await bob.waitForFunction(() => document.activeElement.matches("form[data-act=approve] button.main"));
  await bob.fill("#approve-comment", "By keys alone");
  await bob.keyboard.press("Control+Enter");
  assert.match(await sentence(bob), /By keys alone/);
  await bob.keyboard.press("Control+Enter");
  await bob.locator(".status.live").first().waitFor();
});

test("whoever was slower is told so in the window where they signed", async () => {
  const id = await ask();
  const second = await bob.context().newPage();
  for (const page of [bob, second]) await page.goto(`/requests/${id}`);
  await second.click("form[data-act=approve] button.main");
  await second.locator("#sign[open]").waitFor();
  await bob.fill("#deny-comment", "No");
  await sign(bob, "form[data-act=end] button.no");
  await second.locator(".status.denied").first().waitFor({ state: "attached" });
  await agree(second);
  const place = second.locator("main > [role=alert]", { hasText: "This request was decided meanwhile" });
  await place.waitFor();
  assert.ok(await place.isVisible());
  await second.close();
});

test("without a server it is said at once, and tried again", async () => {
  const id = await ask();
  await bob.goto(`/requests/${id}`);
  await bob.route("**/v1/statements", (route) => route.abort());
  await sign(bob, "form[data-act=approve] button.main");
  await bob.locator("form[data-act=approve] [role=status]", { hasText: "cannot be reached" }).waitFor();
  await bob.unroute("**/v1/statements");
  await bob.locator(".status.live").first().waitFor();
});

test("while a passkey is waited for, the page says so", async () => {
  const page = await world.person();
  await page.addInitScript(() => {
    const create = navigator.credentials.create.bind(navigator.credentials);
    navigator.credentials.create = (...all) => new Promise((done) => (window.touched = done)).then(() => create(...all));
  });
  await page.goto(`/join#${upnOf("eve")}/${await world.invite("eve")}`);
  await page.click("button[value=passkey]");
  await page.locator("#invitation [role=status]", { hasText: "Waiting for your passkey" }).waitFor();
  await page.evaluate(() => window.touched());
  await page.waitForURL(`${world.url}/`);
});

test("a passkey whose code was refused is used when the code is corrected", async () => {
  const page = await world.person();
  const [wrong, right] = [await world.invite("fay"), await world.invite("fred")];
  await page.goto("/join");
  await page.fill("#upn", upnOf("fred"));
  await page.fill("#code", right);
  await page.fill("#label", "Pho\u202Ene");
  await page.click("button[value=passkey]");
  assert.match(await problem(page, "#label"), /cannot be seen/);
  await page.fill("#label", "Phone");
  await page.fill("#code", wrong);
  await page.click("button[value=passkey]");
  await page.locator("#invitation [role=alert]", { hasText: "This key does not count" }).waitFor();
  await page.fill("#code", right);
  await page.click("button[value=passkey]");
  await page.waitForURL(`${world.url}/`);
  const { keys } = JSON.parse(await world.writ("admin", "person", "show", upnOf("fred"), "-o", "json"));
  assert.equal(keys.length, 1);
  // Another passkey beside it is refused in our words.
  await page.goto("/settings");
  await page.click("#add-key button[value=passkey]");
  await page.locator("#add-key [role=alert]", { hasText: "This authenticator holds a passkey of yours already" }).waitFor();
});

test("a browser shows what adds it to one's keys, to be copied or read by a phone", async () => {
  const page = await world.person();
  await page.goto("/sign-in");
  await unfold(page);
  await page.fill("#pair-upn", "alice");
  await page.click("#pair button[value=passkey]");
  assert.match(await problem(page, "#pair-upn"), /not alice/);
  await page.fill("#pair-upn", upnOf("alice"));
  await page.click("#pair button[value=passkey]");
  await page.locator("#pairing-code svg").waitFor();
  assert.match(await page.textContent("#pairing-text"), /^writ key add [\w-]{300,}$/);
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.click("[data-copy=pairing-text]");
  await page.locator("[data-copy=pairing-text]", { hasText: "Copied" }).waitFor();
  await look(page, "sign-pairing");
  await page.close();
});

test("what is shown once is not left by accident", async () => {
  await boss.goto("/people/invite");
  await boss.fill("#upn", upnOf("hugo"));
  await sign(boss, "#invite button.main");
  await boss.locator("#invited:not([hidden])").waitFor();
  await look(boss, "sign-invited");
  await boss.setViewportSize({ width: 1280, height: 900 });
  const dialogs = [];
  const answer = (dialog) => {
    dialogs.push(dialog.type());
    return dialog.type() === "beforeunload" && dialogs.length === 1 ? dialog.dismiss() : dialog.accept();
  };
  boss.on("dialog", answer);
  await boss.evaluate(() => document.querySelector(".menu a").click());
  await boss.waitForTimeout(300);
  assert.deepEqual(dialogs, ["beforeunload"]);
  assert.ok(await boss.isVisible("#invited"));
  await boss.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await boss.click("[data-copy=invited-link]");
  await boss.locator("[data-copy=invited-link]", { hasText: "Copied" }).waitFor();
  assert.equal(await boss.evaluate(() => navigator.clipboard.readText()), await boss.textContent("#invited [data-link]"));
  await boss.goto("/people");
  assert.deepEqual(dialogs, ["beforeunload"]);
  boss.off("dialog", answer);
});

test("all mistakes of a file are told together, and what it says is told before it is signed", async () => {
  const file = join(world.folder, "people.csv");
  await boss.goto("/people/import");
  await writeFile(file, "upn,role\nnobody\nida@fabrikam.example,king\njan,auditor\n");
  await boss.setInputFiles("#file", file);
  await alert(boss, "#import").waitFor();
  assert.match(await alert(boss, "#import").innerText(), /^Line 2: it has 1 cells[\s\S]*\nLine 3: "king" is no role[\s\S]*\nLine 4: "jan" is not a name/);
  await writeFile(file, "upn,name,role,groups\nida@fabrikam.example,Ida,administrator,approvers@fabrikam.example\n");
  await boss.setInputFiles("#file", []);
  await boss.setInputFiles("#file", file);
  await boss.click("#go:enabled");
  assert.match(await sentence(boss), /Invite ida@fabrikam\.example\.[\s\S]*Role: administrator[\s\S]*Set the group approvers@fabrikam\.example\.[\s\S]*Members: adds ida@fabrikam\.example/);
  await agree(boss);
  await boss.locator("#done", { hasText: "All of it is done" }).waitFor();
  await look(boss, "sign-imported");
  for (const width of [1280, 390]) {
    await boss.setViewportSize({ width, height: 900 });
    const { x, width: wide } = await boss.locator("#lines pre").boundingBox();
    assert.ok(x >= 0 && x + wide <= width, `${x} ${wide}`);
  }
  await Promise.all([boss.waitForEvent("download"), boss.click("#save")]);
  await boss.setViewportSize({ width: 1280, height: 900 });
  await boss.goto("/people");
});

test("what nobody could decide is not offered", async () => {
  await world.writ("admin", "group", "set", "empty@fabrikam.example", "--add", upnOf("alice"));
  await world.writ("admin", "policy", "set", "Host\\Sum", "--approval", "manual", "--approvers", "empty@fabrikam.example");
  await alice.goto(`/requests/new?task=${path("Host\\Sum")}`);
  assert.match(await alice.textContent("form[data-act=request] [role=alert]"), /Nobody could ever approve this now/);
  assert.equal(await alice.locator("form[data-act=request] button.main").count(), 0);
});

test("without scripts no button acts, nothing goes into the address, and the page says why", async () => {
  const id = await ask();
  const cookies = await bob.context().cookies();
  const page = await world.person({ passkeys: false, javaScriptEnabled: false });
  await page.context().addCookies(cookies);
  for (const path of [`/requests/${id}`, "/settings", "/sign-in", "/join"]) {
    await page.goto(path);
    for (const button of await page.locator("main form[method=dialog] button:not([type=button])").all()) assert.ok(await button.isDisabled(), `${path}: ${await button.innerText()}`);
    const others = await page.locator("main form:not([method=dialog])").count();
    assert.equal(others, 0, path);
  }
  await page.goto(`/requests/${id}`);
  await page.fill("#deny-comment", "Not for the address");
  await page.press("#deny-comment", "Enter");
  assert.match(await page.locator("noscript").first().innerText(), /those buttons are off/);
  assert.ok(!page.url().includes("?"));
});

test("a deactivated person who signs in is told so plainly", async () => {
  await boss.goto(`/people/${upnOf("alice")}`);
  await sign(boss, "#deactivate button.no");
  await boss.locator("#reactivate").waitFor();
  await alice.goto("/");
  await alice.waitForURL("**/sign-in**");
  const place = alice.locator("#keys [role=alert]:not(:empty)").first();
  await alice.locator("#keys button.main").click();
  await place.waitFor();
  assert.match(await place.innerText(), /you are deactivated[\s\S]*Ask an administrator/);
  assert.doesNotMatch(await place.innerText(), /writ /);
});
