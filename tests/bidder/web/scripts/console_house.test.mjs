// A command of the console is done once: it is kept until its answer, and repeated under its number after a reload.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { answering, Storage } from "./browser.mjs";
import { House, Refused } from "./static/console/house.js";

const ME = { name: "ada", rights: ["hammer"], last_id: 41 };
const ANSWERS = { open: (command) => ({ type: "done", id: command.id, lots: [command.lot] }) };
let commands;

/** Return a console that has just been opened, as after a reload. */
async function opened(me = ME) {
  const house = new House();
  const before = globalThis.fetch;
  answering(() => me);
  await house.recognise();
  globalThis.fetch = before;
  return house;
}

function answeringCommands(answer) {
  answering((name, command) => {
    assert.equal(name, "command");
    commands.push(command);
    return answer(command);
  });
}

function kept() {
  return Array.from({ length: localStorage.length }, (_, place) => localStorage.key(place)).filter((key) => key.startsWith("console.command."));
}

async function repeated(house) {
  const all = [];
  for await (const one of house.repeatKept()) all.push(one);
  return all;
}

/** Give a command whose answer never comes, since the page is closed while it is under way. */
function abandoned(house) {
  globalThis.fetch = () => new Promise(() => {});
  house.give("open", { lot: "1" });
  return JSON.parse(localStorage.getItem(kept()[0])).command;
}

beforeEach(() => {
  commands = [];
  Storage.install();
});

test("a command is kept until its answer, under a number above all before it", async () => {
  const house = await opened();
  answeringCommands((command) => {
    assert.equal(kept().length, 1);
    return ANSWERS.open(command);
  });
  const done = await house.give("open", { lot: "1" });
  assert.deepEqual(done.lots, ["1"]);
  assert.ok(commands[0].id > ME.last_id);
  assert.deepEqual(kept(), []);
  await (await opened()).give("open", { lot: "2" });
  assert.ok(commands[1].id > commands[0].id, "also after a reload");
});

test("while the house can store nothing the same command is given again", async () => {
  const house = await opened();
  answeringCommands((command) => (commands.length < 2 ? { type: "rejected", id: command.id, code: "unavailable" } : ANSWERS.open(command)));
  await house.give("open", { lot: "1" });
  assert.deepEqual(commands[1], commands[0]);
});

test("a refusal is told, and the command is not kept", async () => {
  const house = await opened();
  answeringCommands((command) => ({ type: "rejected", id: command.id, code: "state_changed", message: "The lot has changed." }));
  await assert.rejects(house.give("open", { lot: "1" }), (error) => error instanceof Refused && error.code === "state_changed");
  assert.deepEqual(kept(), []);
});

test("what a reload cut off is given again as it was, once", async () => {
  const command = abandoned(await opened());
  const house = await opened();
  answeringCommands(ANSWERS.open);
  assert.deepEqual(await repeated(house), [{ command, error: null }]);
  assert.deepEqual(commands, [command]);
  assert.deepEqual(await repeated(await opened()), []);
});

test("what is more than a minute old is told of, and not given again", async (context) => {
  const command = abandoned(await opened());
  const later = Date.now() + 60_001;
  context.mock.method(Date, "now", () => later);
  answeringCommands(ANSWERS.open);
  const [one] = await repeated(await opened());
  assert.deepEqual(one.command, command);
  assert.equal(one.error.code, "too_old");
  assert.deepEqual(commands, []);
});

test("the command of another clerk is not given in one's own name", async () => {
  abandoned(await opened());
  answeringCommands(ANSWERS.open);
  assert.deepEqual(await repeated(await opened({ ...ME, name: "ben" })), []);
  assert.deepEqual(commands, []);
  assert.equal((await repeated(await opened())).length, 1, "ada comes back");
});
