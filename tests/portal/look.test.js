// What people look things up with: audit, one entry, the past, exports, the
// log, figures; and settings, with further keys. Everything hostile that
// somebody can write is in the log that is looked at.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { look } from "./look.js";
import { ORGANIZATION, World, ask, sign, upnOf } from "./world.js";

const HOSTILE = `<img src=x onerror=alert(1)><script>alert(2)</script>"'><b>{{7*7}}`;

let world;
let alice;
let bob;
let olga;
let ids;

before(async () => {
  world = await World.begin();
  world.codes.olga = await world.invite("olga", "--name", `Olga ${HOSTILE}`, "--role", "auditor");
  alice = await world.join(await world.person(), "alice", "browser");
  bob = await world.join(await world.person(), "bob", "passkey");
  olga = await world.join(await world.person(), "olga", "browser");
  await world.open();
  const live = await ask(alice, "Host\\Say", { "#reason": HOSTILE, "#p-word": HOSTILE });
  await bob.goto(`/requests/${live}`);
  await bob.fill("#approve-comment", HOSTILE);
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
  const pending = await ask(alice, "Host\\Wait", { "#reason": "Ticket 4711", "#p-seconds": "5" });
  // A refusal of the rules is an entry too.
  await world.writ("admin", "approve", pending).catch(() => undefined);
  ids = { live, denied, pending, execution };
});
after(async () => {
  for (const page of [alice, bob, olga]) assert.deepEqual(page?.errors ?? [], []);
  await world?.end();
});

const titles = async (page) => (await page.locator(".rows .title").allTextContents()).map((text) => text.trim());
const find = async (query) => {
  await olga.goto(`/audit?${new URLSearchParams(query)}`);
  return titles(olga);
};

test("an auditor finds what happened, in words", async () => {
  const all = await find({});
  assert.ok(all.length > 15, `${all.length} entries`);
  assert.ok(all.some((text) => text.includes(`${upnOf("alice")} asked to run Host\\Say`)));
  assert.ok(all.some((text) => text === `${upnOf("bob")} denied the request of ${upnOf("alice")} to run Host\\Wait: Not today`));
  assert.ok(all.some((text) => text.startsWith(`${upnOf("alice")} ran Host\\Say`) && text.endsWith(`, approved by ${upnOf("bob")}`)));
  assert.ok(all.some((text) => text === `${upnOf("admin")} tried to approve the request of ${upnOf("alice")} to run Host\\Wait`), all.join("\n"));
  assert.match(all.at(-1), new RegExp(`founded the organization ${ORGANIZATION}`));
  assert.match(await olga.textContent("#looked"), /Looked at \d+ entries, 0 to \d+/);
});

test("every filter narrows, and says so where nothing is left", async () => {
  assert.equal((await find({ kind: "approve", outcome: "accepted" })).length, 1);
  assert.equal((await find({ outcome: "refused" })).length, 1);
  assert.match(await olga.textContent(".status.failed"), /refused: /);
  assert.equal((await find({ by: "bob@*" })).length, 3);
  const say = await find({ task: "host\\say" });
  for (const word of ["approved", "ran", "succeeded", "asked", "set the task", "set the policy"]) {
    assert.ok(say.some((text) => text.includes(word)), `${word} in ${say.join("\n")}`);
  }
  assert.ok(!say.some((text) => text.includes("Host\\Wait")));
  assert.deepEqual(await find({ task: "host\\say", workload: "Host" }), say);
  assert.deepEqual(await find({ task: "exchange\\x", workload: "Host" }), []);
  assert.match(await olga.textContent("main"), /none of this workload/);
  const mine = await find({ id: ids.live.slice(0, 12) });
  assert.equal(mine.length, 4, mine.join("\n"));
  assert.equal((await find({ id: ids.execution })).length, 2);
  assert.deepEqual(await find({ id: "ffffffff" }), []);
  assert.equal((await find({ id: "#3" })).length, 1);
  assert.equal((await find({ text: "ticket 4711" })).length, 1);
  const today = new Date().toISOString().slice(0, 10);
  const all = await find({});
  assert.deepEqual(await find({ from: today, to: today }), all);
  assert.deepEqual(await find({ to: "2001-01-01" }), []);
  assert.equal((await find({ outcome: "accepted" })).length + (await find({ outcome: "refused" })).length, all.length);
  const older = await find({ before: "3" });
  assert.equal(older.length, 3);
});

test("what people write stays what it is, everywhere", async () => {
  olga.on("dialog", () => assert.fail("a dialog"));
  await find({ text: HOSTILE });
  assert.equal(await olga.inputValue("#text"), HOSTILE);
  assert.ok((await titles(olga)).some((text) => text.includes(HOSTILE)));
  for (const row of await olga.locator("a[data-row]").all()) {
    const path = await row.getAttribute("href");
    const page = await olga.context().newPage();
    await page.goto(path);
    assert.equal(await page.locator("main img, main script").count(), 0, path);
    await page.close();
  }
});

test("the keyboard moves through entries and opens one", async () => {
  await olga.goto("/audit?kind=request");
  await olga.keyboard.press("j");
  await olga.keyboard.press("j");
  await olga.keyboard.press("k");
  const href = await olga.evaluate(() => document.activeElement.getAttribute("href"));
  assert.equal(href, await olga.locator("a[data-row]").first().getAttribute("href"));
  await olga.keyboard.press("Enter");
  await olga.waitForURL(/\/audit\/\d+$/);
});

test("one entry is whole: who signed it, its bytes, and that the log holds it", async () => {
  await olga.goto("/audit?kind=approve&outcome=accepted");
  await olga.click("a[data-row]");
  await olga.waitForURL(/\/audit\/\d+$/);
  const text = await olga.textContent("main");
  assert.match(text, /approved the request of/);
  assert.match(text, /a passkey, by a gesture/);
  assert.match(text, /still theirs/);
  const payload = JSON.parse(await olga.textContent("#payload"));
  assert.equal(payload.by, upnOf("bob"));
  assert.equal(payload.body.comment, HOSTILE);
  await olga.click("#check");
  await olga.locator("#checked[data-holds]").waitFor();
  assert.match(await olga.textContent("#checked"), /holds entry \d+, byte for byte/);
  const [download] = await Promise.all([olga.waitForEvent("download"), olga.click("text=Download the proof")]);
  const id = await olga.evaluate(() => document.body.dataset.instance);
  const said = await world.writ("admin", "verify", await download.path(), "--organization", id);
  assert.match(said, /alice@/);
  // One that was refused has no proof, and is in the log all the same.
  await olga.goto("/audit?outcome=refused");
  await olga.click("a[data-row]");
  await olga.waitForURL(/\/audit\/\d+$/);
  assert.equal(await olga.locator("text=Download the proof").count(), 0);
  await olga.click("#check");
  await olga.locator("#checked[data-holds=yes]").waitFor();
  // Genesis, and one beyond the end.
  await olga.goto("/audit/0");
  assert.match(await olga.textContent("main"), /founded the organization/);
  assert.equal((await olga.goto("/audit/999999")).status(), 404);
  assert.equal((await olga.goto("/audit/x")).status(), 400);
});

test("a period is exported as this search finds it", async () => {
  await olga.goto("/audit?task=host%5Csay");
  const download = async (name) => {
    const [file] = await Promise.all([olga.waitForEvent("download"), olga.click(`text=${name}`)]);
    return [file.suggestedFilename(), await readFile(await file.path(), "utf8")];
  };
  const count = (await titles(olga)).length;
  const [name, csv] = await download("Export as CSV");
  assert.match(name, /^audit-begin-now\.csv$/);
  assert.ok(csv.startsWith("CreationDate,UserIds,Operations,AuditData\r\n"));
  assert.equal(csv.trimEnd().split("\r\n").length, count + 1);
  const [, lines] = await download("Export for Office 365");
  const records = lines.trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.equal(records.length, count);
  assert.ok(records.some((record) => record.Operation === "Approve-ElevatedAccessRequest"));
  // The command line says the same.
  const same = await world.writ("admin", "audit", "search", "--task", "host\\say", "--format", "office365", "--limit", "1000");
  assert.deepEqual(same.trimEnd().split("\n").reverse().map((line) => JSON.parse(line)), records);
});

test("the past is made anew", async () => {
  const today = new Date().toISOString().slice(0, 10);
  const query = new URLSearchParams({ day: today, task: "Host\\Say", person: upnOf("bob") });
  await olga.goto(`/audit/as-of?${query}`);
  assert.match(await olga.textContent("#governing"), /was governed by the policy for Host\\Say: one approval of approvers@/);
  assert.match(await olga.textContent("#memberships"), /approvers@/);
  assert.match(await olga.textContent("#past"), /Privileged access was enabled/);
  await olga.goto("/audit/as-of?day=2001-01-01");
  assert.match(await olga.textContent("main"), /founded later/);
});

test("for anybody else these pages are not there", async () => {
  // The same but for when it was made.
  const timeless = (page) => page.replace(/data-now="\d+"/, "").replace(/<time [\s\S]*?<\/time>/g, "");
  const missing = timeless(await (await alice.goto("/nothing-here")).text());
  for (const path of ["/audit", "/audit/0", "/audit/as-of", "/audit/export?format=csv", "/figures", "/audit?nonsense=1", "/audit/x"]) {
    const answer = await alice.goto(path);
    assert.equal(answer.status(), 404, path);
    assert.equal(timeless(await answer.text()), missing, path);
  }
  await alice.goto("/");
  assert.equal(await alice.locator("nav a[href='/audit'], a[href='/figures']").count(), 0);
});

test("everybody can check the log, and a log that was cut is noticed", async () => {
  await alice.goto("/log");
  const check = async () => {
    await alice.locator("#checked").evaluate((place) => delete place.dataset.holds);
    await alice.click("#check");
    await alice.locator("#checked[data-holds]").waitFor();
    return alice.textContent("#checked");
  };
  assert.match(await check(), /remembers it.*organization's id names.*kept that id.*key stands in that entry/);
  await ask(alice, "Host\\Wait", { "#reason": "So that the log grows", "#p-seconds": "7" });
  await alice.goto("/log");
  assert.match(await check(), /goes on from the \d+ entries that this browser saw before/);
  // The same server with another past, or a shorter one.
  await alice.evaluate(() => {
    const name = Object.keys(localStorage).find((key) => key.startsWith("checkpoint"));
    const kept = JSON.parse(localStorage.getItem(name));
    localStorage.setItem(name, JSON.stringify({ ...kept, size: kept.size - 2, root: btoa("x".repeat(32)) }));
  });
  assert.match(await check(), /does not hold: .*cut or changed/);
  await alice.evaluate(() => {
    const name = Object.keys(localStorage).find((key) => key.startsWith("checkpoint"));
    const kept = JSON.parse(localStorage.getItem(name));
    localStorage.setItem(name, JSON.stringify({ ...kept, size: kept.size + 50 }));
  });
  assert.match(await check(), /does not hold: .*cut or changed/);
});

test("figures count what there is", async () => {
  for (const by of ["", "?by=week"]) {
    await olga.goto(`/figures${by}`);
    assert.equal(await olga.locator("svg[role=img] > title").count(), 3);
    assert.match(await olga.textContent("#waiting + p"), /requests? waits? for a decision/);
    assert.equal(await olga.locator("#decisions-heading ~ details tbody tr").count(), 6);
  }
});

test("somebody with one key is told, adds a passkey, and revokes the first", async () => {
  await alice.goto("/settings");
  await alice.locator("#nudge").waitFor();
  assert.match(await alice.textContent("#storage"), /This browser/);
  await alice.fill("#label", HOSTILE.slice(0, 40));
  await alice.click("#add-key button[value=passkey]");
  await alice.locator("#sign button[value=sign]").click();
  await alice.locator("#keys > li").nth(1).waitFor();
  assert.equal(await alice.locator("#nudge").count(), 0);
  await alice.locator("#keys [data-here]:visible").nth(1).waitFor();
  const first = alice.locator("#keys > li").first();
  await first.locator("button.no").click();
  await alice.locator("#sign button[value=sign]").click();
  await alice.waitForURL(/\/sign-in/);
  await alice.locator("#keys form").last().locator("button.main").waitFor();
});

test("preferences are kept", async () => {
  await olga.goto("/settings");
  await olga.check("#digest");
  await olga.fill("#quiet", "22:00-07:00");
  await olga.fill("#away", "2031-05-06T07:08");
  await sign(olga, "form[data-act=set] button.main");
  await olga.locator("#said:visible").waitFor();
  assert.equal(await olga.isChecked("#digest"), true);
  assert.equal(await olga.inputValue("#quiet"), "22:00-07:00");
  assert.equal(await olga.inputValue("#away"), "2031-05-06T07:08");
});

test("a browser pairs a passkey, by the portal and by the command line", async () => {
  const text = async (page, upn, kind) => {
    await page.goto("/sign-in");
    await page.click("summary");
    await page.fill("#pair-upn", upn);
    await page.click(`#pair button[value=${kind}]`);
    await page.locator("#pairing pre:visible").waitFor();
    return page.textContent("#pairing pre");
  };
  for (const kind of ["browser", "passkey"]) {
    const tablet = await world.person();
    await olga.goto("/settings");
    await olga.fill("#pairing", await text(tablet, upnOf("olga"), kind));
    await olga.click("#pair button.main");
    assert.match(await olga.textContent("#sign [data-sentence]"), /It must be the device that you have before you/);
    await olga.locator("#sign button[value=sign]").click();
    await tablet.waitForURL(`${world.url}/`);
    assert.deepEqual(tablet.errors, []);
  }
  await olga.goto("/settings");
  assert.equal(await olga.locator("#keys > li").count(), 3);
  const phone = await world.person();
  const [, , , code] = (await text(phone, upnOf("admin"), "passkey")).split(" ");
  await world.writ("admin", "key", "add", code, "--yes");
  await phone.waitForURL(`${world.url}/`);
  // Somebody else's text is no text.
  const stranger = await world.person();
  await olga.fill("#pairing", await text(stranger, upnOf("eve"), "browser"));
  await olga.click("#pair button.main");
  await olga.locator("#sign button[value=sign]").click();
  await olga.locator("#pair [role=alert]:not(:empty)").waitFor();
});

test("signing out everywhere ends every session", async () => {
  const other = await bob.context().newPage();
  await other.goto("/");
  await bob.goto("/settings");
  await sign(bob, "form[data-act=signout] button");
  await bob.waitForURL(/\/sign-in/);
  await other.goto("/requests");
  await other.waitForURL(/\/sign-in/);
  // A key that signs without asking does not sign in again by itself.
  const eve = await world.join(await world.person(), "eve", "browser");
  await eve.goto("/settings");
  await sign(eve, "form[data-act=signout] button");
  await eve.waitForURL(/\/sign-in/);
  await eve.locator("#keys button.main").waitFor();
  assert.deepEqual(eve.errors, []);
});

test("each of these pages in both themes and two widths", async (context) => {
  const today = new Date().toISOString().slice(0, 10);
  const paths = {
    audit: "/audit", "audit-none": "/audit?text=nowhere", entry: "/audit/4", "as-of": `/audit/as-of?day=${today}`,
    "as-of-empty": "/audit/as-of", log: "/log", settings: "/settings", figures: "/figures", "figures-week": "/figures?by=week",
  };
  for (const [name, path] of Object.entries(paths)) {
    await context.test(`${name}: ${path}`, async () => {
      await olga.goto(path);
      await look(olga, name);
    });
  }
});
