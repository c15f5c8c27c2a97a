// Checks report pages with axe-core in headless Chromium: light and dark, wide and 360 pixels narrow, everything unfolded.
//
//   npm install --no-save playwright-core axe-core
//   node validation/accessibility.mjs runs/glacier-mass-balance/report.html [more.html …]
//
// A browser is taken from $CHROMIUM or /usr/bin/chromium. Modules are found as Node finds them, also along $NODE_PATH.
// Prints every finding; ends with 1 if one is serious or critical, if a page is wider than its window, asks for
// anything from outside, or writes to the console; with 2 if the check itself could not run.

import { createRequire } from "node:module";
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const pages = process.argv.slice(2);
if (pages.length === 0) {
  console.error("usage: node validation/accessibility.mjs report.html [more.html …]");
  process.exit(2);
}
const missing = pages.find((page) => !existsSync(page));
if (missing) {
  console.error(`${missing}: no such file`);
  process.exit(2);
}

const require = createRequire(import.meta.url);
let chromium, axe, version;
try {
  ({ chromium } = require("playwright-core"));
  axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
  ({ version } = require("axe-core/package.json"));
} catch (error) {
  console.error(`${error.message.split("\n")[0]}\nhint: npm install --no-save playwright-core axe-core`);
  process.exit(2);
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
});
const grave = new Set(["serious", "critical"]);
let failed = false;

async function check(file, scheme, width) {
  const where = `${file} (${scheme}, ${width} px)`;
  // The page forbids all scripts; the checker's own must pass, and only it.
  const context = await browser.newContext({ bypassCSP: true, colorScheme: scheme, viewport: { width, height: 900 } });
  const page = await context.newPage();
  const own = pathToFileURL(resolve(file)).href;
  const outside = [];
  page.on("request", (r) => r.url() !== own && !r.url().startsWith("data:") && outside.push(r.url()));
  const said = [];
  page.on("console", (m) => said.push(m.text()));
  await page.goto(own);
  await page.evaluate(() => document.querySelectorAll("details").forEach((d) => (d.open = true)));
  await page.evaluate(axe);
  const result = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations", "incomplete"] }));
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  await context.close();

  for (const v of result.violations) {
    console.log(`${where}: ${v.impact}: ${v.id}: ${v.help} (${v.nodes.length})`);
    for (const n of v.nodes.slice(0, 5)) console.log(`    ${n.target.join(" ")}: ${n.failureSummary?.split("\n").slice(1).join("; ").trim()}`);
  }
  for (const text of new Set([...outside.map((u) => `asks for ${u}`), ...said.map((s) => `console: ${s}`)])) console.log(`${where}: ${text}`);
  if (overflow > 0) console.log(`${where}: ${overflow} px wider than the window`);
  const bad = result.violations.filter((v) => grave.has(v.impact)).length;
  failed ||= bad > 0 || overflow > 0 || outside.length > 0 || said.length > 0;
  console.log(`${where}: ${result.passes.length} rules passed, ${result.violations.length} violated (${bad} serious or critical), ${result.incomplete.length} for a person to judge`);
}

try {
  console.log(`axe-core ${version}, Chromium ${browser.version()}`);
  for (const file of pages) {
    for (const scheme of ["light", "dark"]) {
      for (const width of [1280, 360]) await check(file, scheme, width);
    }
  }
} finally {
  await browser.close();
}
process.exit(failed ? 1 : 0);
