// What a person does with the site, in a real browser: run by tests/live/site.rs as `node site.mjs FOLDER`.
import assert from "node:assert/strict";
import { createReadStream, existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { dirname, extname, join, normalize } from "node:path";
import { pathToFileURL } from "node:url";

const require = createRequire(join(process.env.NODE_PATH, "x.js"));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const folder = process.argv[2];
const pictures = process.env.PICTURES;

// A host that serves the folder above, so that the site stands in a subfolder.
const TYPES = { ".html": "text/html; charset=utf-8", ".css": "text/css", ".js": "text/javascript", ".json": "application/json", ".svg": "image/svg+xml" };
const above = dirname(folder);
const host = createServer((request, response) => {
  const path = normalize(join(above, decodeURIComponent(new URL(request.url, "http://x").pathname)));
  if (!path.startsWith(above) || !existsSync(path)) { response.writeHead(404).end(); return; }
  response.writeHead(200, { "content-type": TYPES[extname(path)] ?? "text/plain" });
  createReadStream(path).pipe(response);
});
await new Promise((listening) => host.listen(0, "127.0.0.1", listening));
const served = `http://127.0.0.1:${host.address().port}/site/`;
const onDisk = pathToFileURL(folder).href + "/";

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});

/** A page that fails the test on any console error, dialog or request that leaves the site. */
const open = async (base, options = {}) => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  page.wrong = [];
  page.on("console", (message) => { if (message.type() === "error") page.wrong.push(`console: ${message.text()}`); });
  page.on("pageerror", (error) => page.wrong.push(`error: ${error}`));
  page.on("dialog", (dialog) => { page.wrong.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
  page.on("request", (request) => { if (!request.url().startsWith(base)) page.wrong.push(`left the site: ${request.url()}`); });
  // A picture that is still on its way when the page is left is no failure.
  page.on("requestfailed", (request) => { if (!/ERR_ABORTED/.test(request.failure()?.errorText)) page.wrong.push(`failed: ${request.url()}`); });
  return page;
};
const visit = (page, base, path) => page.goto(base + path);
const done = async (page) => { assert.deepEqual(page.wrong, []); await page.context().close(); };

for (const [where, base] of [["disk", onDisk], ["host", served]]) {
  // Search finds a tool, by keyboard alone.
  let page = await open(base);
  await visit(page, base, "index.html");
  await page.keyboard.press("/");
  await page.keyboard.type("clear quay");
  await page.waitForSelector("#hits li");
  assert.equal(await page.locator("#hits li").count(), 1, where);
  assert.match(await page.locator("#hits li").first().innerText(), /clear_quay[\s\S]*harbour[\s\S]*Destructive[\s\S]*critical/);
  await page.keyboard.press("Enter");
  await page.waitForURL(/clear_quay\.html$/);
  assert.equal(await page.locator("h1").innerText(), "clear_quay");
  await done(page);

  // The beginning of a word, a server's name, arrows, and filters that narrow.
  page = await open(base);
  await visit(page, base, "servers/index.html");
  await page.fill("#q", "harb");
  await page.waitForFunction(() => document.querySelectorAll("#hits li").length === 8);
  await page.locator("#panel .filters button", { hasText: "Read" }).click();
  await page.waitForFunction(() => document.querySelectorAll("#hits li").length === 2);
  await page.locator("#panel .filters button", { hasText: "medium" }).click();
  await page.waitForFunction(() => document.querySelectorAll("#hits li").length === 1);
  assert.match(await page.locator("#hits").innerText(), /fetch_tide_table/);
  await page.locator("#panel .filters button", { hasText: "Read" }).click();
  await page.locator("#panel .filters button", { hasText: "medium" }).click();
  await page.fill("#q", "run");
  await page.waitForFunction(() => document.querySelectorAll("#hits li").length === 2);
  await page.focus("#q");
  await page.keyboard.press("ArrowDown");
  assert.equal(await page.locator("#hits li").nth(1).getAttribute("class"), "on");
  await page.fill("#q", "nosuchword");
  await page.waitForFunction(() => document.getElementById("said").textContent === "Nothing found.");
  await page.keyboard.press("Escape");
  assert.equal(await page.locator("#panel").isVisible(), false);
  // A signal without a word.
  await page.focus("#q");
  const signal = page.locator("#panel select");
  await signal.locator("option[value=bulk]").waitFor({ state: "attached" });
  await signal.selectOption("bulk");
  await page.waitForFunction(() => /clear_quay/.test(document.getElementById("hits").innerText));
  await done(page);

  // Rows of a server's table are narrowed by label.
  page = await open(base);
  await visit(page, base, "servers/harbour/index.html");
  const rows = page.locator("#rows tbody tr:visible");
  assert.equal(await rows.count(), 8);
  await page.locator("#rows-filter button", { hasText: "Destructive" }).click();
  assert.ok((await rows.count()) < 8);
  for (const text of await rows.allInnerTexts()) assert.match(text, /Destructive/);
  await done(page);

  // The policy is copied as it stands.
  page = await open(base);
  if (where === "host") await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await visit(page, base, "servers/harbour/clear_quay.html");
  await page.locator("#for-policylayer .copyable button").click();
  await page.locator("#for-policylayer .copyable button", { hasText: "Copied" }).waitFor();
  if (where === "host") {
    const policy = JSON.parse(await page.evaluate(() => navigator.clipboard.readText()));
    assert.deepEqual(policy.hide, ["clear_quay"]);
  }
  await page.locator("#for-claude-code summary").click();
  assert.match(await page.locator("#for-claude-code code").first().innerText(), /mcp__harbour__clear_quay/);
  await done(page);

  // A hostile manifest: every page of it is opened, and searched for; nothing runs and nothing is asked.
  page = await open(base);
  const hostile = readdirSync(join(folder, "servers"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !["harbour", "library"].includes(entry.name))
    .map((entry) => entry.name);
  assert.equal(hostile.length, 1);
  const pages = readdirSync(join(folder, "servers", hostile[0])).filter((name) => name.endsWith(".html"));
  assert.equal(pages.length, 15);
  for (const name of pages) {
    await visit(page, base, `servers/${hostile[0]}/${name}`);
    assert.ok((await page.title()).length > 0);
    const foreign = await page.evaluate(() => [...document.querySelectorAll("img, iframe, object, embed, form, base, [onerror], [onload]"), ...[...document.links].filter((a) => !/^(file|http|https):$/.test(a.protocol))].length);
    assert.equal(foreign, 0, name);
  }
  await page.fill("#q", "script");
  await page.waitForSelector("#hits li");
  assert.ok((await page.locator("#hits li").count()) > 1, "tools of the hostile server are found by its name");
  assert.equal(await page.locator("#hits script, #hits img").count(), 0);
  await page.fill("#q", "__proto__ constructor");
  await page.waitForFunction(() => document.getElementById("said").textContent === "Nothing found.");
  await done(page);
}

// Without scripts everything but search is there.
{
  const page = await open(onDisk, { javaScriptEnabled: false });
  await visit(page, onDisk, "index.html");
  assert.match(await page.locator("noscript").innerText(), /Search needs scripts/);
  assert.equal(await page.locator("#find").isVisible(), false);
  await page.locator("a", { hasText: "All servers" }).click();
  await page.locator("a", { hasText: "harbour" }).click();
  await page.locator("a", { hasText: "clear_quay" }).click();
  assert.equal(await page.locator("h1").innerText(), "clear_quay");
  await done(page);
}

// axe finds no serious problem, light and dark, narrow and wide; nothing is wider than the screen.
const kinds = ["index.html", "servers/index.html", "servers/harbour/index.html", "servers/harbour/clear_quay.html", "servers/harbour/manage_pilot.html", "risk/critical/index.html", "category/read/index.html", "signal/index.html", "signal/bulk/index.html", "method/index.html", "method/verb.html", "method/references.html"];
for (const colorScheme of ["light", "dark"]) {
  for (const width of [1280, 390]) {
    const page = await open(onDisk, { colorScheme, viewport: { width, height: 900 }, bypassCSP: true });
    for (const path of kinds) {
      await visit(page, onDisk, path);
      if (path === "index.html") {
        await page.fill("#q", "run");
        await page.waitForSelector("#hits li");
      }
      await page.evaluate(axe);
      const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"], preload: false }));
      const serious = found.violations.filter((v) => ["serious", "critical"].includes(v.impact));
      const said = serious.map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => `${n.target} ${n.failureSummary}`).join("\n  ")}`);
      assert.deepEqual(said, [], `${path}, ${colorScheme}, ${width}`);
      const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.ok(over <= 0, `${path} is ${over} pixels wider than a screen of ${width}`);
      if (pictures && ["index.html", "servers/harbour/index.html", "servers/harbour/clear_quay.html"].includes(path)) {
        if (path === "index.html") await page.keyboard.press("Escape");
        mkdirSync(pictures, { recursive: true });
        const name = path === "index.html" ? "home" : path.endsWith("index.html") ? "server" : "tool";
        await page.screenshot({ path: join(pictures, `${name}-${colorScheme}-${width > 800 ? "wide" : "narrow"}.png`), fullPage: false });
      }
    }
    await done(page);
  }
}

await browser.close();
host.close();
console.log("everything works");
