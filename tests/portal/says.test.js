// What is told before it is signed: everything that a body says, for each kind
// of statement, and each no in words that can be followed on a page.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { plainly } from "../../crates/server/assets/refusals.js";
import { brief, changes, says } from "../../crates/server/assets/says.js";

const VECTORS = new URL("../../crates/core/tests/vectors/", import.meta.url);
const CATALOG = new URL("../../crates/core/src/refusal.rs", import.meta.url);

// What a browser signs and shows.
const KINDS = ["set", "enrol", "revoke-key", "signout", "request", "approve", "end", "invoke", "outcome"];

const vectors = readdirSync(VECTORS)
  .filter((file) => file.endsWith(".json"))
  .flatMap((file) => [JSON.parse(readFileSync(new URL(file, VECTORS), "utf8"))].flat().map((vector) => ({ ...vector, file })))
  .filter((vector) => vector.payload_type && vector.payload)
  .map(({ file, title, payload, payload_type: type }) => ({
    name: `${file}, ${title}`, kind: type.match(/vnd\.writ\.(.+)\.v1/)[1], body: JSON.parse(payload).body,
  }))
  .filter(({ kind }) => KINDS.includes(kind));

// What nobody can judge by reading: proofs, and what commits to bytes that are
// told by another member; and how much of the log was seen.
const UNTOLD = /^(seen|proof|assertion\..*|key\.alg|sealed\.\w+\.(digest|hmac)|object\.person\.invitation\.key\..*|object\.workload\.secrets\.\w+\.digest)$/;

// The paths to all that stands in a body.
function* leaves(value, path = []) {
  if (typeof value === "object" && Object.keys(value).length > 0) {
    for (const [name, inner] of Object.entries(value)) yield* leaves(inner, [...path, name]);
  } else {
    yield path;
  }
}

const other = (value) => {
  if (typeof value === "boolean") return !value;
  if (typeof value === "number") return value > 1e6 ? value - 90_000_000 : value + 60;
  if (typeof value === "object") return ["other"];
  return /^[0-9a-f]{64}/.test(value) ? `f0f0f0f0f0f0${value.slice(12)}` : `${value}-other`;
};

function changed(body, path, change) {
  const copy = structuredClone(body);
  const last = path.at(-1);
  const at = path.slice(0, -1).reduce((at, name) => at[name], copy);
  change(at, last);
  return copy;
}

test("a body that differs anywhere reads differently", () => {
  assert.deepEqual(new Set(vectors.map(({ kind }) => kind)), new Set(KINDS));
  let tried = 0;
  for (const { name, kind, body } of vectors) {
    const said = says(kind, body).join("\n");
    for (const path of leaves(body)) {
      if (UNTOLD.test(path.join("."))) continue;
      tried += 1;
      const odd = changed(body, path, (at, last) => (at[last] = other(at[last])));
      assert.notEqual(says(kind, odd).join("\n"), said, `${name}: ${path.join(".")}`);
    }
    // And what nobody knew when this was written is told as it stands.
    assert.match(says(kind, { ...body, extra: { deep: "news" } }).join("\n"), /extra: \{deep: news\}/, name);
    const objects = Object.keys(body.object ?? {});
    for (const noun of objects) {
      const odd = changed(body, ["object", noun, "extra"], (at, last) => (at[last] = "news"));
      assert.match(says(kind, odd).join("\n"), /extra: news/, name);
    }
  }
  assert.ok(tried > 150, String(tried));
});

test("of an object that was there before, what is otherwise is told, and nothing else", () => {
  for (const { name, body } of vectors.filter(({ kind, body }) => kind === "set" && body.object)) {
    const [[noun, object]] = Object.entries(body.object);
    assert.deepEqual(changes(noun, object, structuredClone(object)), [], name);
    const known = { person: "upn", group: "address", workload: "name", task: "name", policy: "task" }[noun];
    for (const path of leaves(object)) {
      if (path[0] === known || UNTOLD.test(["object", noun, ...path].join("."))) continue;
      const odd = changed(object, path, (at, last) => (at[last] = other(at[last])));
      const lines = changes(noun, object, odd);
      assert.ok(lines.length > 0 && lines.length < 5, `${name}: ${path.join(".")}: ${lines}`);
    }
  }
});

test("what is fixed is told in words", () => {
  const asked = { by: "alice@x.example", task: "Host\\Say", duration_s: 7200, parameters: {} };
  const request = "ab".repeat(32);
  const less = { request, duration_s: 1800, parameters: { word: { equals: "hello" } }, comment: "Not longer" };
  assert.deepEqual(says("approve", less, { asked }), [
    "Approve Host\\Say for alice@x.example, for 30m.", "For 30m, where 2h was asked for", "Only word = hello",
    "Any number of runs", "Comment: Not longer", `The request ${brief(request)}`,
  ]);
  assert.match(says("approve", { request }, { asked }).join(), /for 2h\.,With any parameters,Any number of runs/);
  assert.match(says("end", { request, kill: true, comment: "Enough" }, { asked: { ...asked, does: "revoke" } }).join(), /Revoke Host\\Say of alice@x\.example, at once\.,Why: Enough,Kill runs in flight/);
  // A policy tells what it leaves out, too.
  const policy = says("set", { object: { policy: { task: "*", approval: "manual" } }, seen: 1 }).join("\n");
  assert.match(policy, /Approval: manual[\s\S]*Who is asked: the default group[\s\S]*Who may ask: anybody[\s\S]*For at most: 1d[\s\S]*Parameters: any/);
  const person = (more) => ({ object: { person: { upn: "gina@x.example", ...more } }, seen: 1 });
  assert.match(says("set", person({ role: "administrator", invitation: { until: 1 } })).join("\n"), /^Invite gina@x\.example\.[\s\S]*Role: administrator/);
  assert.match(says("set", person({ active: false }), { was: { person: { upn: "gina@x.example" } } })[0], /^Deactivate gina@x\.example\. They cannot/);
});

test("lists tell what comes and what goes", () => {
  const group = (...members) => ({ address: "a@x.example", members });
  assert.deepEqual(changes("group", group("b@x.example"), group("c@x.example")), ["Members: removes b@x.example", "Members: adds c@x.example"]);
  const policy = (...stages) => ({ task: "*", approval: "manual", stages: stages.map(([group, approvals]) => ({ group, approvals })) });
  assert.deepEqual(changes("policy", policy(["a", 1], ["b", 1]), policy(["b", 1], ["a", 1])), ["Who is asked, in this order: b, a"]);
  assert.deepEqual(changes("policy", policy(["a", 1]), policy(["a", 2])), ["Who is asked: a for 2 approvals (was for 1 approval)"]);
  // A group that is asked twice is not taken for one that is asked once.
  assert.deepEqual(changes("policy", policy(["a", 1]), policy(["a", 1], ["a", 2])), ["Who is asked, all of it: a for 1 approval, a for 2 approvals"]);
  const control = (tasks) => ({ enabled: true, system_accounts: [{ upn: "r@x.example", tasks, until: 5 }] });
  assert.match(changes("control", { enabled: true }, control())[0], /adds r@x\.example runs ALL tasks without asking/);
  assert.match(changes("control", control(["A\\B"]), control())[0], /ALL tasks[\s\S]*\(was runs A\\B/);
});

test("no refusal speaks of the command line or of a parser", () => {
  const listed = /"([a-z-]+)"\n\s+"((?:[^"\\]|\\.)*)"\n\s+"((?:[^"\\]|\\.)*)"\n/g;
  const rows = Array.from(readFileSync(CATALOG, "utf8").matchAll(listed), ([, code, said, next]) => [code, `${said}${next.replace("\\n", "\n")}`]);
  assert.ok(rows.length > 60, String(rows.length));
  for (const [code, sentence] of rows) {
    const { text } = plainly(code, sentence);
    assert.ok(text.length > 10, code);
    // Nobody says these by a page.
    if (/^(genesis|recover|other-log|not-yet|before-recovery)/.test(code)) continue;
    assert.doesNotMatch(text, /\bwrit [a-z]|--[a-z]/, `${code}: ${text}`);
  }
  assert.equal(
    plainly("bad-form", "missing field `reason` at line 1 column 66; nothing was recorded: correct it and repeat").text,
    "Missing field `reason`. Nothing was recorded. Correct it above.",
  );
  assert.equal(plainly("duration", "the duration must be from 1m to 8h, which is the most that the policy grants; give another: --for 8h").text,
    "The duration must be from 1m to 8h, which is the most that the policy grants. Write another time under “For how long”.");
  assert.ok(!plainly("not-pending", `the request ${"ab".repeat(32)} was decided; see`).text.includes("abababababababab"));
});
