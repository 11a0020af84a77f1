// Importing people: a CSV file, read here and strictly, shown as what will
// happen, then signed and posted as a list.

import { askAll, onSubmit, tell, told } from "./acts.js";
import { guard, saved } from "./copy.js";
import { isName } from "./fields.js";
import { kept } from "./keys.js";
import { invitation } from "./people.js";
import { says } from "./says.js";

const page = document.body.dataset;
const form = document.getElementById("import");
const at = (id) => document.getElementById(id);

// --- Reading ---

const COLUMNS = ["upn", "name", "role", "groups"];

// The records of a text (RFC 4180), each with the line that it begins in.
export function records(text) {
  const all = [];
  let [at, line] = [text.startsWith("\ufeff") ? 1 : 0, 1];
  while (at < text.length) {
    const record = { line, cells: [] };
    for (;;) {
      const cell = text[at] === '"' ? quoted(text, at, line) : plain(text, at, line);
      record.cells.push(cell.text);
      line += cell.text.split("\n").length - 1;
      at = cell.end;
      if (text[at] !== ",") break;
      at += 1;
    }
    if (text.startsWith("\r\n", at)) at += 2;
    else if (text[at] === "\n") at += 1;
    line += 1;
    if (record.cells.length > 1 || record.cells[0] !== "") all.push(record);
  }
  return all;
}

function quoted(text, from, line) {
  let end = from + 1;
  for (;;) {
    end = text.indexOf('"', end);
    if (end < 0) throw new Error(`Line ${line}: a quote is opened and never closed.`);
    if (text[end + 1] !== '"') break;
    end += 2;
  }
  if (!/^(,|\r?\n|$)/.test(text.slice(end + 1, end + 3))) throw new Error(`Line ${line}: something follows a closing quote.`);
  return { text: text.slice(from + 1, end).replaceAll('""', '"'), end: end + 1 };
}

function plain(text, from, line) {
  let end = from;
  while (end < text.length && !",\n".includes(text[end]) && !text.startsWith("\r\n", end)) end += 1;
  const cell = text.slice(from, end);
  if (cell.includes('"')) throw new Error(`Line ${line}: a quote stands inside a cell. Put the whole cell in quotes, and write "" for one.`);
  return { text: cell, end };
}

// What a file says, a person for each line.
export function peopleOf(text) {
  const [head, ...rest] = records(text);
  if (!head) throw new Error("The file is empty.");
  const columns = head.cells.map((cell) => cell.trim().toLowerCase());
  const odd = columns.find((column) => !COLUMNS.includes(column));
  if (odd !== undefined) throw new Error(`Line ${head.line}: there is no column "${odd}". The columns are ${COLUMNS.join(", ")}.`);
  if (new Set(columns).size < columns.length) throw new Error(`Line ${head.line}: a column is there twice.`);
  if (!columns.includes("upn")) throw new Error(`Line ${head.line}: the column upn is missing.`);
  const seen = new Map();
  return readAll(rest, ({ line, cells }) => {
    if (cells.length !== columns.length) throw new Error(`it has ${cells.length} cells, and the first line has ${columns.length}.`);
    const row = Object.fromEntries(columns.map((column, at) => [column, cells[at].trim()]));
    const upn = row.upn.toLowerCase();
    if (!isName(upn)) throw new Error(`"${row.upn}" is not a name such as alice@example.com.`);
    if (seen.has(upn)) throw new Error(`${upn} stands in line ${seen.get(upn)} already.`);
    seen.set(upn, line);
    const role = (row.role ?? "").toLowerCase();
    if (!["", "none", "installer", "auditor", "administrator"].includes(role)) throw new Error(`"${row.role}" is no role. The roles are installer, auditor, administrator and none.`);
    if ((row.name ?? "").length > 200) throw new Error("the name has more than 200 characters.");
    const groups = (row.groups ?? "").toLowerCase().split(";").map((group) => group.trim()).filter((group) => group !== "");
    return { line, upn, name: row.name ?? "", role, groups };
  });
}

// What is made of each line; what is wrong with any of them is told together.
function readAll(rows, make) {
  const problems = [];
  const made = rows.map((row) => {
    try {
      return make(row);
    } catch (error) {
      problems.push(`Line ${row.line}: ${error.message}`);
      return undefined;
    }
  });
  if (problems.length > 0) throw new Error(problems.join("\n"));
  return made;
}

// --- What will happen ---

async function everything(path) {
  const found = new Map();
  let seen;
  for (let after = ""; ; ) {
    const answer = await fetch(`${path}?limit=200${after && `&after=${encodeURIComponent(after)}`}`);
    const said = await answer.json();
    if (!answer.ok) throw new Error(said.detail);
    // What changes while it is read counts as not seen.
    seen ??= said.seen;
    for (const item of said.value.items) found.set(item.upn ?? item.address, item);
    after = said.value.next;
    if (!after) return { seen, found };
  }
}

const roleOf = (role) => (role === "none" ? undefined : role);

const wasOf = ({ upn, kind, name, mail, role, active, invited_until: until }) => ({
  upn, kind: kind === "human" ? undefined : kind, name, mail, role, active: active ? undefined : false, invitation: until && { until },
});

// What a line changes of somebody, in words, and the person that it makes.
function change(row, before, invites) {
  const { upn, name, role } = row;
  const words = [];
  const person = before ? { ...wasOf(before), invitation: undefined } : { upn };
  if (!before) words.push(invites ? "new, invited" : "new");
  if (name !== "" && name !== person.name) {
    words.push(before ? `name: ${name} (was ${person.name ?? "none"})` : `name: ${name}`);
    person.name = name;
  }
  if (role !== "" && roleOf(role) !== person.role) {
    words.push(before ? `role: ${role} (was ${person.role ?? "none"})` : `role: ${role}`);
    person.role = roleOf(role);
  }
  // A change withdraws an invitation that it does not repeat; so it is made anew.
  const renews = Boolean(before?.invited_until) && words.length > 0;
  if (renews) words.push("a new invitation in place of the open one");
  return { words, person, was: before && wasOf(before), invited: renews || (!before && invites) };
}

// The statements that a file becomes, and what each line does.
async function planOf(rows, invites) {
  const [people, groups] = [await everything("/v1/people"), await everything("/v1/groups")];
  const joins = new Map();
  const lines = readAll(rows, (row) => {
    const { words, person, was, invited } = change(row, people.found.get(row.upn), invites);
    const differs = words.length > 0;
    for (const address of row.groups) {
      const group = groups.found.get(address);
      if (!group) throw new Error(`there is no group ${address}.`);
      if (group.members.includes(row.upn)) continue;
      words.push(`joins ${address}`);
      joins.set(address, [...(joins.get(address) ?? []), row.upn]);
    }
    return { ...row, words, was, person: differs ? person : undefined, invited };
  });
  const joined = Array.from(joins, ([address, upns]) => {
    const group = groups.found.get(address);
    return { ...group, members: [...new Set([...group.members, ...upns])].sort() };
  });
  return { lines, joined, people, groups };
}

const element = (tag, kind, text) => Object.assign(document.createElement(tag), { className: kind, textContent: text });

function show({ lines, joined }) {
  const items = lines.map((line) => {
    const item = element("li", "line", "");
    const changes = line.words.join("; ") || "stays as it is";
    line.place = element("span", "status", "");
    line.place.hidden = true;
    line.item = item;
    item.append(element("span", "title", line.upn), line.place, element("span", "more", `line ${line.line} · ${changes}`));
    return item;
  });
  at("lines").replaceChildren(...items);
  const people = lines.filter((line) => line.person).length;
  const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;
  at("summary").textContent = `${plural(people, "person").replace("persons", "people")} and ${plural(joined.length, "group")} will be set; ${plural(lines.length - people, "line")} of the file set nobody.`;
  at("plan").hidden = false;
  return people + joined.length;
}

let plan;

async function look() {
  plan = undefined;
  at("go").disabled = true;
  at("go").hidden = false;
  at("plan").hidden = true;
  at("done").textContent = "";
  tell(form, "");
  const [file] = at("file").files;
  if (!file) return;
  if (file.size > 1 << 20) throw new Error("The file is longer than 1 MiB. Import it in parts.");
  const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let read;
  try {
    read = text.decode(await file.arrayBuffer());
  } catch {
    throw new Error("The file is not UTF-8. Save it as CSV UTF-8.");
  }
  const made = await planOf(peopleOf(read), at("invites").checked);
  const changes = show(made);
  plan = made;
  at("go").disabled = changes === 0;
  if (changes === 0) at("done").textContent = "Everything is as the file says already.";
}

// --- Doing it ---

// What is not said of somebody new: it is as nobody would have asked for it.
const QUIET = /^(Name|Role|Manifest): none$|^Kind: human$|^May act: yes$|^Mail: to the name/;

async function run() {
  const { lines, joined, people, groups } = plan;
  const set = lines.filter((line) => line.person);
  for (const line of set.filter((line) => line.invited)) {
    line.code = await invitation(line.upn);
    line.person.invitation = line.code.said;
  }
  const bodies = [
    ...set.map(({ person }) => ({ object: { person }, seen: people.seen })),
    ...joined.map((group) => ({ object: { group }, seen: groups.seen })),
  ];
  const abouts = [...set.map(({ was }) => ({ was: was && { person: was } })), ...joined.map(({ address }) => ({ was: { group: groups.found.get(address) } }))];
  const said = bodies.map((body, index) => {
    const [head, ...more] = says("set", body, abouts[index]);
    return [head, ...more.filter((line) => !QUIET.test(line))].join("\n");
  });
  const answers = await askAll("set", bodies, [`Import from this file, ${bodies.length} statements:`, ...said]);
  if (!answers) return;
  at("file").disabled = true;
  const failed = answers.filter((answer) => answer.problem).length;
  set.forEach((line, index) => {
    const { problem } = answers[index];
    line.done = !problem;
    line.place.hidden = false;
    line.place.textContent = problem ? "refused" : "set";
    line.place.classList.add(problem ? "denied" : "succeeded");
    if (problem) line.item.append(element("span", "more loud", problem));
    else if (line.code) line.item.append(element("pre", "more", line.code.link));
  });
  const refused = joined.map((group, index) => ({ group, problem: answers[set.length + index].problem })).filter(({ problem }) => problem);
  const coded = set.filter((line) => line.code && line.done);
  at("save").hidden = coded.length === 0;
  if (coded.length > 0) guard(at("lines"));
  const told = failed === 0 ? `All of it is done.${coded.length > 0 ? " The links are shown this once: save them, and give each to its person only." : ""}` : `${failed} of ${answers.length} were refused. Choose the file again to go on with what is missing.`;
  const text = [told, ...refused.map(({ group, problem }) => `${group.address}: ${problem}`)].join("\n");
  if (failed > 0) tell(form, text);
  at("done").textContent = failed > 0 ? "" : text;
  at("go").hidden = true;
  at("file").disabled = false;
  plan = undefined;
  at("save").onclick = () => save(coded);
}

// A cell that no spreadsheet takes for a formula.
const safe = (text) => `"${(/^[=+\-@\t\r]/.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;

function save(coded) {
  const rows = coded.map(({ upn, code }) => [upn, code.text, code.link].map(safe).join(","));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([["upn,code,link", ...rows, ""].join("\r\n")], { type: "text/csv" }));
  link.download = "invitations.csv";
  link.click();
  saved(at("lines"));
}

const guarded = (what) => async () => {
  try {
    await what();
  } catch (error) {
    told(form, error);
  }
};

if (form) {
  at("file").addEventListener("change", guarded(look));
  at("invites").addEventListener("change", guarded(look));
  onSubmit(form, () => plan && run());
  kept(page.instance).then((records) => {
    at("gestures").hidden = !records.find((record) => record.id === page.key)?.credential;
  });
}
