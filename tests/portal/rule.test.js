// What an administrator does without a terminal: tasks, policies, people,
// groups, system accounts, control.

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { look } from "./look.js";
import { World, sign, upnOf } from "./world.js";

let world;
let boss;
let alice;

const path = (name) => encodeURIComponent(name);

// Opens what is folded around a form of this page.
const unfold = (page, form) => page.evaluate((form) => (document.querySelector(form).closest("details").open = true), form);

// What the dialog says before it is signed.
const sentence = (page) => page.locator("#sign[open] [data-sentence]").textContent();
const agree = (page) => page.click("#sign button[value=sign]");
const said = (page) => page.locator("#said:not([hidden])").first().textContent();

before(async () => {
  world = await World.begin();
  world.codes.boss = await world.invite("boss", "--name", "Bea Boss", "--role", "administrator");
  boss = await world.join(await world.person(), "boss", "browser");
  await world.join(await world.person(), "bob", "browser");
  alice = await world.join(await world.person(), "alice", "browser");
  await world.open();
});
after(async () => {
  for (const page of [boss, alice]) assert.deepEqual(page?.errors ?? [], []);
  await world?.end();
});

test("every page is readable, for administrators and for others", async (context) => {
  await world.writ("admin", "system-account", "set", upnOf("robot"), "--task", "Host\\Say");
  const task = path("Host\\Wait");
  const query = new URLSearchParams({ person: upnOf("alice"), task: "Host\\Wait", with: "seconds=5" });
  const pages = {
    tasks: "/tasks", task: `/tasks/${task}`, "task-new": "/tasks/new?workload=Host", workloads: "/workloads", workload: "/workloads/Host",
    policies: "/policies", policy: `/policies/${task}`, "policy-new": "/policies/new", simulate: `/policies/simulate?${query}`,
    people: "/people", person: `/people/${upnOf("alice")}`, invite: "/people/invite", import: "/people/import",
    groups: "/groups", group: "/groups/approvers@fabrikam.example", accounts: "/system-accounts", control: "/settings/control",
  };
  for (const [name, path] of Object.entries(pages)) {
    await context.test(name, async () => {
      await boss.goto(path);
      await boss.evaluate(() => {
        for (const folded of document.querySelectorAll("details")) folded.open = true;
        for (const add of document.querySelectorAll("[data-add]")) add.click();
      });
      await look(boss, `rule-${name}`);
      const others = await alice.goto(path);
      if (["people", "invite", "import"].includes(name)) assert.equal(others.status(), 404);
      else await look(alice, `rule-${name}-others`);
    });
  }
  await boss.setViewportSize({ width: 1280, height: 900 });
  await world.writ("admin", "system-account", "remove", upnOf("robot"), "--yes");
});

test("a task is found, read, set, changed and removed", async () => {
  await boss.goto("/tasks?q=word");
  assert.equal(await boss.locator("#list li").count(), 1);
  await boss.click("#list a");
  assert.match(await boss.textContent("#task"), /\/bin\/echo[\s\S]*bob@fabrikam\.example[\s\S]*word[\s\S]*string/);

  await boss.goto(`/tasks/new?workload=Host`);
  await boss.fill("#name", "Host\\Shout");
  await boss.fill("#title", "Shout a word");
  await boss.selectOption("#risk-of", "high");
  await boss.fill("#program", "/bin/echo");
  await boss.fill("#args", "-n\n  {word} \n{times}");
  await boss.click("[data-add]");
  await boss.click("[data-add]");
  const row = (at) => boss.locator("[data-item]").nth(at);
  await row(0).locator("[data-part=name]").fill("word");
  await row(0).locator("[data-part=required]").check();
  await row(0).locator("summary").click();
  await row(0).locator("[data-part=one_of]").fill("hey\nho");
  await row(1).locator("[data-part=name]").fill("word");
  await row(1).locator("[data-part=type]").selectOption("integer");
  // A name that is there twice is told at its place, and nothing is lost.
  await boss.click("#set button.main");
  assert.equal(await row(1).locator("[data-part=name]").evaluate((part) => part.validationMessage), "this name is there twice");
  await row(1).locator("[data-part=name]").fill("times");
  await row(1).locator("summary").click();
  await row(1).locator("[data-part=min]").fill("1");
  await row(1).locator("[data-part=max]").fill("9");
  await boss.click("#set button.main");
  assert.match(await sentence(boss), /Set the task Host\\Shout\.[\s\S]*Risk: high[\s\S]*Runs: args = \[-n, "  \{word\} ", "\{times\}"\][\s\S]*Parameters: word string; every run must give it; one of hey, ho[\s\S]*A run ends within: 5m/);
  await agree(boss);
  await said(boss);
  const task = JSON.parse(await world.writ("admin", "task", "show", "Host\\Shout", "-o", "json"));
  assert.deepEqual(task, {
    name: "Host\\Shout", title: "Shout a word", risk: "high",
    template: { program: "/bin/echo", args: ["-n", "  {word} ", "{times}"] },
    parameters: { word: { type: "string", required: true, one_of: ["hey", "ho"] }, times: { type: "integer", min: 1, max: 9 } },
  });

  await boss.goto(`/tasks/${path("Host\\Shout")}`);
  await unfold(boss, "#set");
  await boss.click("#set button.main");
  assert.match(await boss.textContent("#set [role=alert]"), /Nothing here is changed/);
  await boss.fill("#title", "Shout");
  await boss.locator("[data-item]").nth(0).locator("[data-remove]").click();
  await sign(boss, "#set button.main");
  // What is refused stays typed.
  await boss.locator("#set [role=alert]", { hasText: "the template uses `times`" }).waitFor();
  assert.equal(await boss.inputValue("#title"), "Shout");
  await boss.fill("#args", "{word}");
  await sign(boss, "#set button.main");
  await said(boss);
  const changed = JSON.parse(await world.writ("admin", "task", "show", "Host\\Shout", "-o", "json"));
  assert.equal(changed.title, "Shout");
  assert.deepEqual(Object.keys(changed.parameters), ["word"]);

  await boss.goto(`/tasks/${path("Host\\Shout")}`);
  await unfold(boss, "#remove");
  await sign(boss, "#remove button");
  assert.match(await said(boss), /Host\\Shout/);
  await boss.goto("/tasks?policy=false");
  assert.doesNotMatch(await boss.textContent("#list"), /Shout/);
});

test("a workload is set, its secrets listed, and it is removed", async () => {
  await boss.goto("/workloads");
  await boss.click("text=Set a new workload");
  await boss.fill("#name", "Shop");
  await sign(boss, "#set button.main");
  await said(boss);
  await boss.click("#list a:has-text('Shop')");
  assert.match(await boss.textContent("#workload"), /writ secret set Shop NAME/);
  await unfold(boss, "#remove");
  await sign(boss, "#remove button");
  assert.match(await said(boss), /Shop/);
});

test("a policy is set with stages and constraints, and nobody overwrites what they have not seen", async () => {
  await boss.goto(`/policies/new?task=${path("Host\\Say")}`);
  // There is one already: the page was made after it, so it is replaced knowingly.
  await boss.goto(`/policies/${path("Host\\Say")}`);
  await unfold(boss, "#set");
  await boss.click("[data-items=list] [data-add]");
  await boss.locator("[data-part=group]").fill(`approvers@fabrikam.example`);
  await boss.click("[data-items=constraints] [data-add]");
  const constraint = boss.locator("[data-items=constraints] [data-item]");
  await constraint.locator("[data-part=name]").fill("word");
  await constraint.locator("[data-part=kind]").selectOption("one_of lines");
  await constraint.locator("[data-part=value]").fill("hello\ngood bye");
  await boss.fill("#longest", "2h");
  // Somebody else sets it meanwhile.
  await world.writ("admin", "policy", "set", "Host\\Say", "--approval", "manual", "--max-duration", "6h");
  await boss.click("#set button.main");
  assert.match(await sentence(boss), /Who is asked: adds approvers@fabrikam\.example for 1 approval[\s\S]*For at most: 2h \(was 8h\)[\s\S]*Parameters: adds word one of hello, good bye/);
  await agree(boss);
  const alert = boss.locator("#set [role=alert]", { hasText: "Now For at most: 6h (was 8h)" });
  await alert.waitFor();
  assert.equal(await boss.inputValue("#longest"), "2h");
  const [other] = await Promise.all([boss.context().waitForEvent("page"), alert.locator("a").click()]);
  await other.locator("#policy", { hasText: "6h" }).waitFor();
  await other.close();
  assert.match(await alert.textContent(), /Sign again/);
  await boss.click("#set button.main");
  // What is signed now replaces what is there now.
  assert.match(await sentence(boss), /For at most: 2h \(was 6h\)/);
  await agree(boss);
  await said(boss);
  const policy = JSON.parse(await world.writ("admin", "policy", "show", "Host\\Say", "-o", "json"));
  assert.deepEqual(policy, {
    task: "Host\\Say", approval: "manual", max_duration_s: 7200,
    stages: [{ group: "approvers@fabrikam.example", approvals: 1 }],
    parameters: { word: { one_of: ["hello", "good bye"] } },
  });
});

test("what if: the rules answer, without scripts and without a trace", async () => {
  const ask = async (page, person, task, parameters = "") => {
    const query = new URLSearchParams({ person: upnOf(person), task, with: parameters });
    await page.goto(`/policies/simulate?${query}`);
    return page.textContent("#answer");
  };
  assert.match(await ask(boss, "alice", "Host\\Say", "word=hello"), /ask for it now\?\s*yes[\s\S]*run it now\?\s*no[\s\S]*Insufficient permissions[\s\S]*Host\\Say[\s\S]*bob@fabrikam\.example/);
  assert.match(await ask(boss, "alice", "Host\\Say", "word=boo"), /no[\s\S]*parameter `word` must be one of hello, good bye/);
  assert.match(await ask(boss, "alice", "Host\\Say", "boo"), /write one name=value a line/);
  // Nobody approves their own request.
  assert.match(await ask(boss, "bob", "Host\\Say", "word=hello"), /no[\s\S]*Nobody could ever approve it/);
  assert.match(await ask(boss, "eve", "Host\\Say", "word=hello"), /is not enrolled yet/);
  assert.match(await ask(boss, "nobody", "Host\\Say"), /is not an active person/);
  // Others may ask about themselves only.
  assert.match(await ask(alice, "alice", "Host\\Say", "word=hello"), /ask for it now\?\s*yes/);
  assert.match(await ask(alice, "bob", "Host\\Say"), /for yourself only/);
});

test("somebody is invited, joins by the link, is changed, deactivated and made active again", async () => {
  await boss.goto("/people/invite");
  await boss.fill("#upn", "Carol@fabrikam.example");
  await boss.fill("#name", "Carol Cook");
  await sign(boss, "#invite button.main");
  await boss.locator("#invited").waitFor();
  const link = await boss.textContent("#invited [data-link]");
  const carol = await world.person();
  await carol.goto(link);
  await carol.click("button[value=browser]");
  await carol.waitForURL(`${world.url}/`);
  assert.match(await carol.textContent("header"), /Carol Cook/);

  // Whoever is here is not invited as if they were new.
  await boss.goto("/people/invite");
  await boss.fill("#upn", upnOf("carol"));
  await boss.click("#invite button.main");
  await boss.locator("#invite [role=alert]", { hasText: "is here already" }).waitFor();

  const page = `/people/${path(upnOf("carol"))}`;
  await boss.goto(page);
  await boss.click("text=Change name, mail or role");
  await boss.selectOption("#role", "auditor");
  await boss.click("#set button.main");
  assert.match(await sentence(boss), /Role: auditor: reads everything \(was none\)/);
  await agree(boss);
  await said(boss);
  await carol.goto("/people");
  assert.match(await carol.textContent("#list"), /Carol Cook/);

  await sign(boss, "#signout button");
  await said(boss);
  await carol.goto("/people");
  // A key of the browser opens the next session by itself.
  await carol.locator("#list").waitFor();

  await sign(boss, "#deactivate button");
  await boss.locator("#reactivate").waitFor();
  await boss.goto("/people?active=false");
  assert.match(await boss.textContent("#list"), /Carol Cook[\s\S]*is deactivated/);
  await boss.goto(page);
  await sign(boss, "#reactivate button");
  await boss.locator("#deactivate").waitFor();
  const person = JSON.parse(await world.writ("admin", "person", "show", upnOf("carol"), "-o", "json"));
  assert.equal(person.role, "auditor");
  assert.equal(person.keys.length, 1);

  await sign(boss, "form[data-act=revoke-key] button");
  await boss.locator("#keys + p.empty").waitFor();
  await boss.goto("/people?able=false");
  assert.match(await boss.textContent("#list"), /Carol Cook[\s\S]*is not enrolled yet/);
  // An open invitation outlives an edit of something else.
  await boss.goto(page);
  await sign(boss, "#invite button");
  await boss.locator("#invited").waitFor();
  const again = await boss.textContent("#invited [data-link]");
  await boss.click("text=Change name, mail or role");
  await boss.fill("#name", "Carol C. Cook");
  await sign(boss, "#set button.main");
  await said(boss);
  await carol.goto("/sign-in");
  await carol.goto(again);
  await carol.click("button[value=browser]");
  await carol.waitForURL(`${world.url}/`);
  assert.match(await carol.textContent("header"), /Carol C\. Cook/);
});

test("a group is set and says who cannot decide yet", async () => {
  await boss.goto("/groups");
  await boss.click("text=Set a new group");
  await boss.fill("#address", "all@fabrikam.example");
  await boss.fill("#members", `${upnOf("eve")}\napprovers@fabrikam.example, ${upnOf("alice")}`);
  await boss.click("#set button.main");
  assert.match(await sentence(boss), /Members: eve@fabrikam\.example/);
  await agree(boss);
  await said(boss);
  await boss.goto(`/groups/${path("all@fabrikam.example")}`);
  const text = await boss.textContent("#group");
  assert.match(text, /bob@fabrikam\.example\s*through another group/);
  assert.match(text, /eve@fabrikam\.example\s*is not enrolled yet/);
  await boss.click("text=Change it");
  await boss.fill("#members", "");
  await sign(boss, "#set button.main");
  await said(boss);
  await boss.goto(`/groups/${path("all@fabrikam.example")}`);
  assert.match(await boss.textContent("#group"), /Nobody\./);
  await unfold(boss, "#remove");
  await sign(boss, "#remove button");
  assert.match(await said(boss), /all@fabrikam\.example/);
});

test("people are imported from a CSV file, which is read strictly", async () => {
  const choose = async (text) => {
    const file = join(world.folder, "people.csv");
    await writeFile(file, text);
    await boss.setInputFiles("#file", []);
    await boss.setInputFiles("#file", file);
  };
  const alert = boss.locator("#import [role=alert]");
  await boss.goto("/people/import");
  for (const [text, problem] of [
    ["upn,nickname\na@fabrikam.example,x\n", /Line 1: there is no column "nickname"/],
    ["upn,name\na@fabrikam.example\n", /Line 2: it has 1 cells/],
    ["upn\na@fabrikam.example\n\"b@fabrikam.example\n", /Line 3: a quote is opened/],
    ["upn,role\na@fabrikam.example,king\n", /Line 2: "king" is no role/],
    ["upn\na@fabrikam.example\nA@fabrikam.example\n", /Line 3: a@fabrikam\.example stands in line 2 already/],
    ["upn,groups\na@fabrikam.example,nowhere@fabrikam.example\n", /Line 2: there is no group nowhere/],
    ["upn\nnobody\n", /Line 2: "nobody" is not a name/],
    [Buffer.from([0x75, 0x70, 0x6e, 0x0a, 0xff]), /not UTF-8/],
  ]) {
    await choose(text);
    await boss.waitForFunction((source) => new RegExp(source).test(document.querySelector("#import [role=alert]").textContent), problem.source);
    assert.match(await alert.textContent(), problem);
    assert.ok(await boss.isDisabled("#go"));
  }
  await choose('upn,name,role,groups\r\nDora@fabrikam.example,"Dora ""D"" Dean,\nthe second",auditor,approvers@fabrikam.example\r\nfred@fabrikam.example,Fred Fox,,\r\nalice@fabrikam.example,Alice Archer,,approvers@fabrikam.example\r\nbob@fabrikam.example,,,\r\n');
  await boss.locator("#go:enabled").waitFor();
  assert.match(await boss.textContent("#lines"), /new, invited; name: Dora "D" Dean,\s*the second; role: auditor; joins approvers[\s\S]*joins approvers[\s\S]*stays as it is/);
  await boss.click("#go");
  assert.match(await sentence(boss), /3 statements[\s\S]*Invite dora@fabrikam\.example\.\nName: Dora[\s\S]*Role: auditor[\s\S]*Invite fred[\s\S]*approvers@fabrikam\.example\.\nMembers: adds alice@fabrikam\.example\nMembers: adds dora/);
  await agree(boss);
  await boss.locator("#done", { hasText: "All of it is done" }).waitFor();
  const fox = await boss.locator("#lines li").nth(1).locator("pre").textContent();
  const [saved] = await Promise.all([boss.waitForEvent("download"), boss.click("#save")]);
  assert.equal(saved.suggestedFilename(), "invitations.csv");
  const fred = await world.person();
  await fred.goto(fox);
  await fred.click("button[value=browser]");
  await fred.waitForURL(`${world.url}/`);
  const group = JSON.parse(await world.writ("admin", "group", "show", "approvers@fabrikam.example", "-o", "json"));
  assert.deepEqual(group.members, [upnOf("alice"), upnOf("bob"), upnOf("dora")]);
});

test("a system account is added, renewed and removed", async () => {
  await boss.goto("/system-accounts");
  await boss.click("text=Add a system account");
  await boss.fill("#upn", upnOf("backup"));
  await boss.check("#only-these");
  await boss.fill("#tasks", "Host\\S*");
  await boss.selectOption("#ahead", "7d");
  await boss.click("#add button.main");
  assert.match(await sentence(boss), /System accounts: adds backup@fabrikam\.example runs Host\\S\* without asking, until/);
  await agree(boss);
  await said(boss);
  assert.match(await boss.textContent("#accounts"), /ends soon[\s\S]*was never invited[\s\S]*Host\\S\*/);
  await boss.click("#renew-0 button");
  assert.match(await sentence(boss), /System accounts: backup@fabrikam\.example runs Host\\S\* without asking, until .* \(was runs/);
  await agree(boss);
  await boss.locator("#accounts .status.live").waitFor();
  // Others see it, and cannot change it.
  await alice.goto("/system-accounts");
  assert.match(await alice.textContent("#accounts"), /backup@fabrikam\.example/);
  assert.equal(await alice.locator("form").filter({ has: alice.locator("[name=seen]") }).count(), 0);
  await sign(boss, "#drop-0 button");
  await boss.locator("#accounts", { hasText: "There is none" }).waitFor();
});

test("privileged access is disabled and enabled again", async () => {
  await boss.goto("/settings/control");
  await sign(boss, "#disable button");
  await boss.locator("#banner a").waitFor();
  await alice.goto("/settings/control");
  assert.match(await alice.textContent("#control"), /by boss@fabrikam\.example/);
  assert.equal(await alice.locator("#set").count(), 0);
  await boss.goto("/");
  await boss.click("#banner a");
  await sign(boss, "#set button.main");
  await boss.locator(".status.live").waitFor();
  const control = JSON.parse(await world.writ("admin", "status", "-o", "json")).control;
  assert.equal(control.enabled, true);
  assert.equal(control.admin_group, "approvers@fabrikam.example");
});
