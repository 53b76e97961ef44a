// What the compiler cannot see: words outside the catalogues, keys nobody uses, components too long, `any`.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "vue/compiler-sfc";

const ROOT = process.argv[2] ?? join(dirname(fileURLToPath(import.meta.url)), "..");
const LONGEST = 150;
// Attributes whose words a person reads or hears.
const SPOKEN = new Set(["title", "alt", "placeholder", "aria-label", "content", "label", "aria-description"]);
const ELEMENT = 1, TEXT = 2, ATTRIBUTE = 6;
const found = [];

const walk = (folder) =>
  readdirSync(folder, { withFileTypes: true }).flatMap((one) =>
    one.isDirectory() ? walk(join(folder, one.name)) : [join(folder, one.name)],
  );
const files = walk(join(ROOT, "src")).filter((path) => /\.(vue|ts)$/.test(path));
const read = (path) => readFileSync(path, "utf8");

function leaves(words, path = "") {
  return Object.entries(words).flatMap(([key, value]) =>
    typeof value === "string" ? [[path + key, value]] : leaves(value, `${path}${key}.`),
  );
}
const catalogue = (language) => new Map(leaves(JSON.parse(read(join(ROOT, `src/locales/${language}.json`)))));
const [zh, en] = [catalogue("zh-CN"), catalogue("en")];
const places = (text) => [...text.matchAll(/\{(\w+)\}/g)].map((one) => one[1]).sort().join();

for (const [ours, theirs, language] of [[zh, en, "en"], [en, zh, "zh-CN"]]) {
  for (const [key, text] of ours) {
    if (!theirs.has(key)) found.push(`${language}.json: ${key} is missing`);
    else if (places(text) !== places(theirs.get(key))) found.push(`${key}: the languages differ in their {places}`);
    if (!text.trim()) found.push(`${key} is empty`);
  }
}

function literals(node, where) {
  if (node.type === TEXT && /\p{L}/u.test(node.content)) found.push(`${where}: words in the template: ${node.content.trim()}`);
  for (const one of node.props ?? []) {
    if (one.type === ATTRIBUTE && SPOKEN.has(one.name) && /\p{L}/u.test(one.value?.content ?? "")) {
      found.push(`${where}: words in ${one.name}: ${one.value.content}`);
    }
  }
  if (node.children && (node.type === ELEMENT || node.type === 0)) node.children.forEach((one) => literals(one, where));
}

const used = new Set();
for (const path of files) {
  const source = read(path);
  const where = relative(ROOT, path);
  if (path.endsWith(".vue")) {
    const { descriptor, errors } = parse(source, { filename: path });
    errors.forEach((error) => found.push(`${where}: ${error.message}`));
    if (descriptor.template?.ast) literals(descriptor.template.ast, where);
    if (source.split("\n").length > LONGEST) found.push(`${where}: longer than ${LONGEST} lines`);
    if (/v-html|innerHTML/.test(source)) found.push(`${where}: markup from a value`);
    if (/\sstyle="/.test(source)) found.push(`${where}: an inline style, which the policy forbids`);
  }
  if (/\p{Script=Han}/u.test(source)) found.push(`${where}: words outside the catalogues`);
  if (/(:|<|\bas)\s*any\b/.test(source)) found.push(`${where}: any`);
  for (const [, key] of source.matchAll(/\bt\(\s*["']([\w.]+)["']/g)) used.add(key);
}
for (const key of used) if (!zh.has(key)) found.push(`${key} is used and in no catalogue`);
// The server's words are looked up by its codes; tests/agents/test_pages.py holds them to the server.
for (const key of zh.keys()) if (!used.has(key) && !key.startsWith("server.")) found.push(`${key} is used nowhere`);

if (found.length) {
  console.error(found.join("\n"));
  process.exit(1);
}
console.log(`${files.length} files, ${zh.size} words in two languages`);
