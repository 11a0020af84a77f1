// Apps and the data that they read: whoever decides sees all of what is asked,
// gives less, and decides for a whole installation at once.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { look } from "./look.js";
import { ORGANIZATION, World, sign, upnOf } from "./world.js";

const APP = upnOf("insights");

const COLUMN = (name, type, sensitivity, more = "") => `[[dataset.columns]]
name = "${name}"
type = "${type}"
sensitivity = "${sensitivity}"
${more}`;

const DATASETS = `
[[dataset]]
name = "Data\\\\Messages"
title = "Messages of the mail archive"
source = "files"
file = "messages.csv"
subject = { column = "owner", as = "account", domain = "${ORGANIZATION}" }
key = "id"
${COLUMN("id", "integer", "low")}
${COLUMN("kind", "text", "low", 'title = "What kind of message"')}
${COLUMN("sender", "text", "medium", "mentions = true")}
${COLUMN("body", "text", "high", "free_text = true")}
[[dataset]]
name = "Data\\\\Rooms"
title = "Rooms"
source = "files"
file = "rooms.csv"
subject = { column = "owner", as = "account", domain = "${ORGANIZATION}" }
key = "id"
${COLUMN("id", "integer", "low")}
[[dataset]]
name = "Data\\\\Desks"
title = "Desks"
source = "files"
file = "rooms.csv"
subject = { column = "owner", as = "account", domain = "${ORGANIZATION}" }
${COLUMN("id", "integer", "low")}
`;

const manifest = (version, columns, more = "") => `
app = "${APP}"
name = "Insights"
publisher = "Contoso"
version = "${version}"
service = "Office365"
purpose = "Shows how people meet"
terms = "https://contoso.example/terms"
privacy = "https://contoso.example/privacy?of=<b>"
[[dataset]]
name = "Data\\\\Messages"
columns = [${columns.map((name) => `"${name}"`).join(", ")}]
scope = ["everybody"]
${more}
`;

const WANTS = (name) => `[[dataset]]
name = "Data\\\\${name}"
columns = ["id"]
scope = ["readers@${ORGANIZATION}"]
`;

let world;
let bob;
let olga;
let alice;

const install = async (verb, text) => {
  const file = join(world.folder, "app.toml");
  await writeFile(file, text);
  return JSON.parse(await world.writ("ivy", "app", verb, file, "-o", "json"));
};
const idOf = ({ requests }, name) => requests.find(({ dataset }) => dataset === `Data\\${name}`).request;
const logIn = async (name, code) => {
  const login = spawn(process.env.WRIT ?? "writ", ["--profile", name, "login", world.url, "--as", upnOf(name), "--code-stdin"], { env: world.env, stdio: ["pipe", "ignore", "inherit"] });
  login.stdin.end(code);
  const [left] = await once(login, "exit");
  assert.equal(left, 0, `${name} logs in`);
};

let first;

before(async () => {
  world = await World.begin();
  const files = join(world.folder, "files");
  await mkdir(files);
  const owners = ["alice", "bob", "eve"];
  const rows = Array.from({ length: 9 }, (_, id) => `${id + 1},${owners[id % 3]},news,${id === 0 ? upnOf("eve") : upnOf("alice")},secret`);
  await writeFile(join(files, "messages.csv"), ["id,owner,kind,sender,body", ...rows, ""].join("\n"));
  await writeFile(join(files, "rooms.csv"), "id,owner\n1,alice\n");
  await appendFile(join(world.folder, "data", "writ.toml"), `\n[data.sources.files]\nfolder = "${files}"\n`);
  await world.stop();
  await world.serve();
  world.codes.olga = await world.invite("olga", "--name", "Olga Oak", "--role", "auditor");
  await logIn("ivy", await world.invite("ivy", "--role", "installer"));
  await world.writ("admin", "group", "set", `readers@${ORGANIZATION}`, "--add", upnOf("alice"));
  const datasets = join(world.folder, "datasets.toml");
  await writeFile(datasets, DATASETS);
  await world.writ("admin", "dataset", "set", "-f", datasets);
  bob = await world.join(await world.person(), "bob", "passkey");
  alice = await world.join(await world.person(), "alice", "browser");
  olga = await world.join(await world.person(), "olga", "browser");
  for (const name of ["Messages", "Rooms", "Desks"]) await world.writ("admin", "policy", "set", `Data\\${name}`, "--approval", "manual", "--max-duration", "4320h");
});
after(async () => {
  for (const page of [alice, bob, olga]) assert.deepEqual(page?.errors ?? [], []);
  await world?.end();
});

test("the menu has apps once there is one", async () => {
  await alice.goto("/");
  assert.equal(await alice.locator("#menu a[href='/apps']").count(), 0);
  await look(olga, "home-before-apps");
  const made = await install("install", manifest("1.0", ["id", "kind", "sender", "body"], WANTS("Rooms") + WANTS("Desks")));
  await logIn("insights", made.code);
  first = { messages: idOf(made, "Messages"), rooms: idOf(made, "Rooms"), desks: idOf(made, "Desks") };
  await alice.goto("/apps");
  assert.equal(await alice.locator("#menu a[href='/apps'][aria-current=page]").count(), 1);
  assert.match(await alice.textContent("#list"), /Insights.*1\.0 of Contoso.*wants 3 datasets/s);
  // What is asked for it is not hers to see.
  await alice.click("#list a[data-row]");
  assert.match(await alice.textContent("#app"), /Shows how people meet/);
  assert.doesNotMatch(await alice.textContent("#app"), /pending|ivy@/);
  assert.equal(await alice.locator("#runs-title").count(), 0);
  assert.equal((await alice.request.get(`/apps/${upnOf("bob")}`, { headers: { Accept: "text/html" } })).status(), 404);
});

test("whoever decides sees all of what an app asks for", async () => {
  await bob.goto(`/requests/${first.messages}`);
  const text = await bob.textContent("#request");
  for (const words of ["Insights 1.0 of Contoso asks for 4 columns of Messages of the mail archive", "It has nothing of this dataset yet", "everybody", "Shows how people meet", `installed by ${upnOf("ivy")}`, "180d", "Free text: body"]) {
    assert.ok(text.replaceAll(/\s+/g, " ").includes(words), `${words} in ${text}`);
  }
  const row = async (name) => (await bob.locator("tr", { hasText: name }).first().innerText()).split(/\s*\t\s*|\n/).map((cell) => cell.trim()).filter((cell) => cell !== "");
  assert.deepEqual(await row("kind"), ["kind", "What kind of message", "text", "low"]);
  assert.deepEqual(await row("sender"), ["sender", "text", "medium", "mentions people"]);
  assert.deepEqual(await row("body"), ["body", "text", "high", "free text"]);
  // Where the app says its terms are is a link, and nothing more.
  const links = bob.locator("#request dd a[href^='https:']");
  assert.deepEqual(await links.evaluateAll((all) => all.map(({ href, rel }) => [href, rel])), [
    ["https://contoso.example/terms", "noopener noreferrer nofollow"],
    ["https://contoso.example/privacy?of=%3Cb%3E", "noopener noreferrer nofollow"],
  ]);
  assert.equal(await bob.locator("#request dd b").count(), 0);
  assert.match(await bob.textContent("#request"), /Also asked for by this installation\s*Rooms/);
  await bob.click("form[data-act=approve] summary");
  await look(bob, "data-request");
  await bob.goto("/approvals");
  assert.match(await bob.textContent("#waiting"), /id, kind, sender, body of everybody/);
  assert.match(await bob.textContent("#together"), /Insights asks for 3 datasets/);
  await look(bob, "data-approvals");
});

test("an approval with fewer columns and without some people is what is granted", async () => {
  await bob.goto(`/requests/${first.messages}`);
  await bob.click("form[data-act=approve] summary");
  const boxes = bob.locator("fieldset[name='parameters.columns'] input");
  for (let at = 0; at < 4; at += 1) await boxes.nth(at).uncheck();
  await bob.click("form[data-act=approve] button.main");
  await bob.locator("fieldset[name='parameters.columns'] input:invalid").waitFor();
  assert.equal(await bob.locator("#sign[open]").count(), 0, "nothing is left");
  for (const at of [0, 1, 2]) await boxes.nth(at).check();
  await bob.fill("#narrow-deny", "eve");
  await bob.click("form[data-act=approve] button.main");
  await bob.locator("#narrow-deny:invalid").waitFor();
  assert.equal(await bob.locator("#sign[open]").count(), 0, "eve is no name");
  await bob.fill("#narrow-deny", ` ${upnOf("Eve").toUpperCase()}\n`);
  await bob.fill("#approve-duration", "30d");
  await bob.click("form[data-act=approve] button.main");
  await bob.locator("#sign[open]").waitFor();
  const said = await bob.locator("#sign [data-sentence]").innerText();
  for (const words of [`Approve Data\\Messages for the app ${APP}, for 30d.`, "Only the columns id, kind, sender", `Without rows of, or mentioning, ${upnOf("eve")}`, "Rows of everybody"]) assert.ok(said.includes(words), said);
  await bob.click("#sign button[value=sign]");
  await bob.locator(".status.live").first().waitFor();
  const facts = (await bob.locator("#request dl.facts").innerText()).replaceAll(/\s+/g, " ");
  assert.match(facts, /It gets id, kind, sender of everybody Left out eve@/);
  // The installer can end it, and runs nothing.
  assert.equal(await bob.locator("a:has-text('Run it')").count(), 0);
  await look(bob, "data-live");

  const pulled = await world.writ("insights", "data", "pull", "Data\\Messages");
  const ids = pulled.trim().split("\n").map((line) => JSON.parse(line));
  // Not 3, 6 and 9, which are hers, and not 1, which mentions her.
  assert.deepEqual(ids.map(({ id }) => id), [2, 4, 5, 7, 8]);
  assert.deepEqual(Object.keys(ids[0]), ["id", "kind", "sender"]);
});

test("one approval decides for the whole installation, and says what became of each", async () => {
  await bob.goto(`/requests/${first.rooms}`);
  assert.match(await bob.textContent("[data-together]"), /Approve all 2/);
  // One of them is refused.
  await bob.locator("[data-together]").evaluate((form) => {
    const asked = JSON.parse(form.dataset.together);
    form.dataset.together = JSON.stringify([asked[0], { ...asked[0], request: "0".repeat(64), title: "Gone" }, asked[1]]);
  });
  await bob.click("[data-together] button");
  await bob.locator("#sign[open]").waitFor();
  const said = await bob.locator("#sign [data-sentence]").innerText();
  assert.match(said, /Data\\Rooms/);
  assert.match(said, /Data\\Desks/);
  assert.ok(said.includes(`Only rows of readers@${ORGANIZATION}`), said);
  await bob.click("#sign button[value=sign]");
  await bob.locator("#together-said").waitFor();
  const became = (await bob.locator("#together-said").innerText()).replaceAll(/\s+/g, " ");
  assert.match(became, /Rooms approved/);
  assert.match(became, /Gone not approved/);
  assert.match(became, /Desks approved/);
  await bob.locator(".status.live").first().waitFor();
  // It stays, whatever else of the page changes.
  assert.equal(await bob.locator("#together-said:visible").count(), 1);
  await look(bob, "data-together");
  for (const id of [first.rooms, first.desks]) {
    await bob.goto(`/requests/${id}`);
    assert.match(await bob.textContent(".heading .status"), /live/);
  }
});

test("what changes against what an app has is said first", async () => {
  const { requests } = await install("upgrade", manifest("2.0", ["id", "body"]));
  await bob.goto(`/requests/${idOf({ requests }, "Messages")}`);
  const changes = (await bob.locator(".changes").innerText()).replaceAll(/\s+/g, " ");
  assert.match(changes, /Version 2\.0, and 1\.0 before/);
  assert.match(changes, /Columns: \+ body − kind − sender/);
  assert.match(changes, /No longer left out: eve@/);
  assert.match(await bob.locator("tr", { hasText: "body" }).first().innerText(), /new, free text/);
  await look(bob, "data-changes");
  // The dataset is defined otherwise before anybody decides.
  const changed = join(world.folder, "changed.toml");
  await writeFile(changed, DATASETS.replace('type = "integer"', 'type = "text"'));
  await world.writ("admin", "dataset", "set", "-f", changed);
  await bob.locator("#request", { hasText: "The dataset was changed" }).waitFor();
});

test("auditors read what an app is, has and read; others what is theirs", async () => {
  await olga.goto(`/apps/${APP}`);
  const text = (await olga.locator("#app").innerText()).replaceAll(/\s+/g, " ");
  assert.match(text, new RegExp(`Installed by ${upnOf("ivy")}`));
  assert.match(text, /5 of 9 delivered, 4 withheld/);
  assert.match(text, /pending/);
  await look(olga, "app");
  await olga.click("#app a[href^='/executions/']");
  assert.match((await olga.locator("#run").innerText()).replaceAll(/\s+/g, " "), /Rows asked for 9 Delivered 5 Withheld 4/);
  await look(olga, "data-run");
  await olga.goto("/apps");
  await look(olga, "apps");
  await olga.goto(`/tasks/${encodeURIComponent("Data\\Messages")}`);
  assert.match(await olga.locator("#task").innerText(), /mentions people/);
  assert.equal(await olga.locator("a:has-text('Ask for it')").count(), 0);
  await look(olga, "dataset");
});
