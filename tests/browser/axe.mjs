// Opens a page in headless Chromium, runs axe-core on it at two widths and in print, and fails on any violation.
// Usage: node axe.mjs PAGE.html; CHROMIUM names the browser, /usr/bin/chromium unless said otherwise.
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const page_path = path.resolve(process.argv[2]);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync"],
});
let failed = 0;
for (const [name, width, media] of [["wide", 1280, "screen"], ["narrow", 390, "screen"], ["print", 1000, "print"]]) {
  const page = await browser.newPage({ viewport: { width, height: 900 } });
  await page.goto(pathToFileURL(page_path).href);
  await page.emulateMedia({ media });
  await page.addScriptTag({ path: axe });
  const found = await page.evaluate(async () => await globalThis.axe.run(document));
  console.log(`${name}: ${found.passes.length} rules passed, ${found.violations.length} violated, ${found.incomplete.length} left to a person`);
  for (const v of found.violations) {
    failed += 1;
    console.log(`  ${v.id} (${v.impact}): ${v.help}`);
    for (const node of v.nodes.slice(0, 3)) console.log(`    ${node.html.slice(0, 200)}`);
  }
  for (const v of found.incomplete) console.log(`  to look at: ${v.id}, ${v.nodes.length} places`);
  await page.close();
}
await browser.close();
process.exit(failed ? 1 : 0);
