import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";

const CHECK = new URL("../scripts/check.mjs", import.meta.url).pathname;
let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "desk-"));
  mkdirSync(join(root, "src/locales"), { recursive: true });
});
afterEach(() => rmSync(root, { recursive: true }));

function check(zh: object, en: object, component: string): { good: boolean; said: string } {
  writeFileSync(join(root, "src/locales/zh-CN.json"), JSON.stringify(zh));
  writeFileSync(join(root, "src/locales/en.json"), JSON.stringify(en));
  writeFileSync(join(root, "src/One.vue"), component);
  const { status, stderr } = spawnSync(process.execPath, [CHECK, root], { encoding: "utf8" });
  return { good: status === 0, said: stderr };
}

const words = { page: { hello: "{name}" } };
const shows = '<template><p>{{ t("page.hello") }}</p></template>';

it("is content with words that are in both catalogues and on a page", () => {
  expect(check(words, words, shows)).toEqual({ good: true, said: "" });
});

it.each([
  ["a key that one language lacks", words, { page: {} }, shows, "page.hello is missing"],
  ["a key that no page uses", words, words, "<template><p /></template>", "page.hello is used nowhere"],
  ["a key that no catalogue has", {}, {}, shows, "page.hello is used and in no catalogue"],
  ["places that differ", words, { page: { hello: "{who}" } }, shows, "differ in their {places}"],
  ["words in a template", words, words, `${shows.slice(0, -11)}<b>Hello</b></template>`, "words in the template: Hello"],
  ["words that are only heard", words, words, `${shows.slice(0, -11)}<b title="Hi" /></template>`, "words in title: Hi"],
  ["a component too long", words, words, shows + "\n".repeat(160), "longer than 150 lines"],
])("refuses %s", (_what, zh, en, component, why) => {
  const { good, said } = check(zh, en, component);
  expect(good).toBe(false);
  expect(said).toContain(why);
});
