// The demonstration as a person meets it: a known outage is played, and from the map they break something
// of their own, on a phone and without JavaScript. SCREENSHOTS as in console.test.mjs.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const target = process.env.CARGO_TARGET_DIR ?? join(root, "target");
const pictures = process.env.SCREENSHOTS ?? join(target, "screenshots");
const WAIT_MS = 30_000;

let server, url, browser;

before(async () => {
  mkdirSync(pictures, { recursive: true });
  server = spawn(join(target, "debug/blackstart"), [
    "demo", "--outage", "seed-6", "--speed", "120",
    "--listen", "127.0.0.1:0", "--status-listen", "127.0.0.1:0", "--format", "json",
  ], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = await createInterface({ input: server.stdout })[Symbol.asyncIterator]().next().then((it) => [it.value]);
  url = JSON.parse(line).console.replace(/\/$/, "");
  browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
});

after(async () => {
  await browser?.close();
  server?.kill("SIGINT");
});

const PAGES = ["/", "/incidents", "/incidents/I1", "/plant", "/plant/stream-5", "/audit", "/whatif?off=feed-b", "/checks", "/timeline"];

test("an outage is played, every page is alive and says that it is a demonstration", async () => {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, isMobile: true });
  const page = await context.newPage();
  page.setDefaultTimeout(WAIT_MS);
  await page.goto(`${url}/`);
  await page.locator("article.card").first().waitFor();
  for (const path of PAGES) {
    await page.goto(`${url}${path}`);
    await page.getByText("This is a demonstration").waitFor();
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(overflow <= 0, `${path} is ${overflow} px wider than the phone`);
  }
  await page.goto(`${url}/incidents/I1`);
  await page.getByRole("heading", { name: "What may have broken" }).waitFor();
  await page.screenshot({ path: join(pictures, "demo-incident-phone.png"), fullPage: true });
  await context.close();
});

test("from the map a person breaks something, without JavaScript, and it is named", async () => {
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, javaScriptEnabled: false });
  const page = await context.newPage();
  page.setDefaultTimeout(WAIT_MS);
  await page.goto(`${url}/plant`);
  const node = (name) => page.locator(`svg.map a.node text.name:text-is("${name}")`);
  await node("stream-5").click();
  await page.waitForURL(/open=stream-5/);
  await node("apps-5").click();
  await page.getByRole("heading", { name: "apps-5 service" }).waitFor();
  await page.getByRole("button", { name: "Break it: down" }).focus();
  await page.keyboard.press("Enter");
  await page.getByText("What is truly broken").click();
  await page.getByText("by your hand").waitFor();
  const until = Date.now() + WAIT_MS;
  const named = page.locator("article.card .sentence", { hasText: "apps-5 (service) is down" });
  for (;;) {
    await page.goto(`${url}/`);
    if (await named.count() > 0) break;
    assert.ok(Date.now() < until, "it is not named");
  }
  await page.screenshot({ path: join(pictures, "demo-now.png"), fullPage: true });
  await context.close();
});
