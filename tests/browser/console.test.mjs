// The console as a person meets it: in Chromium, on a laptop and on a phone, with and without
// JavaScript, with the mouse and with the keyboard. The target is a real web server, stopped and
// started. SCREENSHOTS names the folder the pictures go to (default target/screenshots).

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const target = process.env.CARGO_TARGET_DIR ?? join(root, "target");
const pictures = process.env.SCREENSHOTS ?? join(target, "screenshots");
const WAIT_MS = 30_000;

const folder = mkdtempSync(join(tmpdir(), "blackstart-browser-"));
let web, webPort, server, consoleUrl, statusUrl, browser;

const startWeb = () => new Promise((done) => {
  web = http.createServer((_, answer) => answer.end("it works\n"));
  web.listen(webPort ?? 0, "127.0.0.1", () => { webPort = web.address().port; done(); });
});
const stopWeb = () => new Promise((done) => { web.close(done); web.closeAllConnections(); });

const plant = () => `
blackstart: 1
name: bytesized
timezone: Europe/Amsterdam
feeds: { feed-a: { voltage: 230 V }, feed-b: { voltage: 230 V } }
pdus: { pdu-a: { fed_by: feed-a, breaker: 16 A C }, pdu-b: { fed_by: feed-b, breaker: 16 A C } }
upstreams: { transit-1: { provides: internet } }
switches: { switch-1: { power: { any: [pdu-a, pdu-b] }, network: transit-1 } }
servers:
  stream-1: { power: { any: [pdu-a, pdu-b] }, network: switch-1 }
  stream-2: { power: { any: [pdu-a, pdu-b] }, network: switch-1, checks: [ { tcp: '127.0.0.1:${new URL(statusUrl ?? "http://x:1").port || 1}', every: 1s } ] }
components: { nginx: { on: stream-1 } }
here: { at: switch-1 }
services:
  plex: { on: nginx, public: true, checks: [ { http: 'http://127.0.0.1:${webPort}/', every: 1s } ] }
  seedbox: { on: nginx, public: true, checks: [ { http: 'http://127.0.0.1:${webPort}/seedbox', every: 1s } ] }
customers: { acme: { uses: [plex] }, globex: { uses: [seedbox] } }
`;

const line = async (stream, pattern) => {
  for await (const text of createInterface({ input: stream })) {
    const found = text.match(pattern);
    if (found) return found[1];
  }
  throw new Error(`the server ended without saying ${pattern}`);
};

const open = async (options = {}) => {
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(WAIT_MS);
  const wrong = [];
  page.on("pageerror", (error) => wrong.push(String(error)));
  page.on("console", (message) => { if (message.type() === "error") wrong.push(message.text()); });
  return { page, wrong, close: () => context.close() };
};

const picture = (page, name) => page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });

before(async () => {
  mkdirSync(pictures, { recursive: true });
  await startWeb();
  writeFileSync(join(folder, "plant.yaml"), plant());
  server = spawn(join(target, "debug/blackstart"), [
    "serve", join(folder, "plant.yaml"), "--data", join(folder, "data"),
    "--listen", "127.0.0.1:0", "--status-listen", "127.0.0.1:0", "--format", "json",
  ], { stdio: ["ignore", "pipe", "inherit"], env: { ...process.env, BLACKSTART_LOG: "warn" } });
  const told = JSON.parse(await line(server.stdout, /^(\{.*\})$/));
  consoleUrl = told.console.replace(/\/$/, "");
  statusUrl = told.status;
  // The second server's check asks the status page, whose port is known only now: a reload.
  writeFileSync(join(folder, "plant.yaml"), plant());
  server.kill("SIGHUP");
  browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
});

after(async () => {
  await browser?.close();
  server?.kill("SIGTERM");
  await stopWeb();
  rmSync(folder, { recursive: true, force: true });
});

test("a quiet evening", async () => {
  const { page, wrong, close } = await open();
  await page.goto(`${consoleUrl}/`);
  await page.getByRole("heading", { name: "Everything that is checked is up" }).waitFor();
  await page.getByText("live", { exact: true }).waitFor();
  await picture(page, "now-quiet");
  assert.deepEqual(wrong, []);
  await close();
});

test("an outage appears by itself, with its cause and whom it hits, and ends by itself", async () => {
  const laptop = await open({ colorScheme: "dark" });
  await laptop.page.goto(`${consoleUrl}/`);
  await laptop.page.getByText("live", { exact: true }).waitFor();
  await stopWeb();
  const card = laptop.page.locator("article.card");
  await card.getByText("nginx (component) is down").waitFor();
  await card.locator(".state", { hasText: "open" }).waitFor();
  for (const hit of ["plex", "seedbox", "acme", "globex"]) {
    await card.getByRole("link", { name: hit, exact: true }).waitFor();
  }
  await picture(laptop.page, "now");

  const phone = await open({ viewport: { width: 390, height: 844 }, isMobile: true, colorScheme: "dark" });
  await phone.page.goto(`${consoleUrl}/`);
  await phone.page.locator("article.card").waitFor();
  const overflow = await phone.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(overflow <= 0, `the page is ${overflow} px wider than the phone`);
  await picture(phone.page, "phone");
  await phone.close();

  await laptop.page.goto(`${consoleUrl}/incidents/I1`);
  await laptop.page.getByRole("heading", { name: "What may have broken" }).waitFor();
  await laptop.page.getByText("Searched: ").waitFor();
  await picture(laptop.page, "incident");

  await laptop.page.goto(`${consoleUrl}/plant`);
  const drawn = await laptop.page.locator("svg.map a.node title").allTextContents();
  const rows = await laptop.page.locator("main table tbody tr td:first-child").allTextContents();
  assert.deepEqual(drawn.map((text) => text.split(":")[0]).sort(), rows.sort(), "map and table say the same");
  await laptop.page.locator("svg.map a.node.broken", { hasText: "nginx" }).waitFor();
  await picture(laptop.page, "plant");
  assert.deepEqual(laptop.wrong, []);
  await laptop.close();
});

test("boxes of the map are closed and opened without JavaScript, and the drawing stands by itself", async () => {
  const { page, close } = await open({ javaScriptEnabled: false });
  await page.goto(`${consoleUrl}/plant`);
  const box = (name) => page.locator("svg.map a.node", { has: page.locator(`text.name:text-is("${name}")`) });
  await box("plex").waitFor();
  await page.getByRole("link", { name: "close stream-1" }).focus();
  await page.keyboard.press("Enter");
  await page.waitForURL(/closed=stream-1/);
  assert.equal(await box("plex").count(), 0);
  await page.getByText("server, 3 inside").waitFor();
  await box("stream-1").click();
  await page.waitForURL(/open=stream-1/);
  await box("plex").click();
  await page.getByRole("heading", { name: "plex" }).waitFor();
  await page.locator("svg.map .way", { hasText: "plex" }).first().waitFor();
  await page.goto(`${consoleUrl}/plant.svg?closed=stream-1`);
  await page.getByText("server, 3 inside").waitFor();
  await close();
});

test("the audit is read, narrowed down by keyboard, and kept as a file that needs no network", async () => {
  const { page, wrong, close } = await open();
  await page.goto(`${consoleUrl}/`);
  await page.getByRole("navigation").getByRole("link", { name: "Audit" }).click();
  await page.getByRole("heading", { name: /^Audit: / }).waitFor();
  const all = await page.locator("article.finding").count();
  await picture(page, "audit");
  await page.getByLabel("Component").fill("transit-1");
  await page.keyboard.press("Enter");
  await page.waitForURL(/component=transit-1/);
  const some = await page.locator("article.finding").count();
  assert.ok(some > 0 && some < all, `${some} of ${all}`);
  await page.getByRole("link", { name: "transit-1" }).first().waitFor();
  assert.deepEqual(wrong, []);

  const written = await (await page.request.get(`${consoleUrl}/audit/report.html`)).text();
  const file = join(folder, "report.html");
  writeFileSync(file, written);
  const offline = await open({ offline: true, javaScriptEnabled: false });
  await offline.page.goto(`file://${file}`);
  await offline.page.getByRole("heading", { name: "What each falls with, alone" }).waitFor();
  await offline.page.locator("svg.map").first().waitFor();
  assert.deepEqual(offline.wrong, []);
  await picture(offline.page, "report");
  await offline.close();

  const phone = await open({ viewport: { width: 390, height: 844 }, isMobile: true });
  await phone.page.goto(`${consoleUrl}/audit`);
  const overflow = await phone.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(overflow <= 0, `the page is ${overflow} px wider than the phone`);
  await phone.close();
  await close();
});

test("what if: the question is the URL, the answer is drawn and told, and a wrong name is said", async () => {
  const { page, close } = await open({ javaScriptEnabled: false });
  await page.goto(`${consoleUrl}/`);
  await page.getByRole("navigation").getByRole("link", { name: "What if" }).click();
  await page.getByLabel("Off").fill("stream-1 pdu-a");
  await page.keyboard.press("Enter");
  await page.waitForURL(/off=stream-1/);
  await page.getByRole("heading", { name: /^Goes dark: / }).first().waitFor();
  await page.locator("svg.map .off", { hasText: "pdu-a" }).first().waitFor();
  await page.locator("svg.map :is(.lost, .may)", { hasText: "stream-2" }).first().waitFor();
  await page.locator("svg.map .down", { hasText: "acme" }).first().waitFor();
  await page.getByRole("heading", { name: "Draft for those affected" }).waitFor();
  await picture(page, "whatif");
  await page.getByLabel("Off").fill("nobody");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").getByText("nothing is called `nobody`").waitFor();
  await close();
  const phone = await open({ viewport: { width: 390, height: 844 }, isMobile: true });
  await phone.page.goto(`${consoleUrl}/whatif?off=stream-1`);
  const overflow = await phone.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(overflow <= 0, `the page is ${overflow} px wider than the phone`);
  await phone.close();
});

test("without JavaScript and by keyboard an incident is taken", async () => {
  const { page, close } = await open({ javaScriptEnabled: false });
  await page.goto(`${consoleUrl}/`);
  await page.keyboard.press("Tab");
  assert.equal(await page.locator(":focus").textContent(), "Skip to what matters");
  await page.getByRole("link", { name: "I1" }).first().focus();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Incident I1" }).waitFor();
  const form = page.locator("form[action$=acknowledge]");
  await form.getByLabel("Note").focus();
  await page.keyboard.type("on it <script>alert(1)</script>");
  await page.keyboard.press("Enter");
  await page.locator(".state", { hasText: "acknowledged" }).waitFor();
  await page.getByText("acknowledged by local: on it <script>alert(1)</script>").waitFor();
  await close();
});

test("a person who saw something says so", async () => {
  const { page, close } = await open({ javaScriptEnabled: false });
  await page.goto(`${consoleUrl}/plant/stream-1`);
  await page.getByRole("heading", { name: "Say what you saw" }).waitFor();
  const form = page.locator("form", { has: page.getByRole("button", { name: "It works", exact: true }) });
  await form.getByLabel("Note").fill("its lamps are green");
  await form.getByRole("button", { name: "It works", exact: true }).click();
  await page.getByText("local says it is up").waitFor();
  await close();
});

test("checks are drawn and the timeline tells all of it", async () => {
  const { page, close } = await open();
  await page.goto(`${consoleUrl}/checks`);
  await page.locator("svg.plot rect.down").first().waitFor({ state: "attached" });
  await picture(page, "checks");
  await page.getByRole("link", { name: "plex/http" }).first().click();
  await page.getByRole("heading", { name: "plex/http" }).waitFor();
  await page.goto(`${consoleUrl}/timeline`);
  await page.getByText("takes I1: on it").waitFor();
  await page.getByText("plex/http from here: down(refused").first().waitFor();
  await page.getByText("no alert that I1 is opened: the plant names nobody to alert").waitFor();
  await picture(page, "timeline");
  await close();
});

test("the public sees that there is a disruption, and nothing of its cause", async () => {
  const { page, close } = await open();
  await page.goto(statusUrl);
  await page.getByRole("heading", { name: "There is a disruption" }).waitFor();
  const text = await page.locator("body").innerText();
  assert.match(text, /plex/);
  assert.doesNotMatch(text, /nginx|stream-1|acme|switch/);
  await picture(page, "status");
  await close();
});

test("the end is seen without a hand", async () => {
  const { page, wrong, close } = await open();
  await page.goto(`${consoleUrl}/`);
  await page.locator("article.card").waitFor();
  await startWeb();
  await page.getByRole("heading", { name: "Everything that is checked is up" }).waitFor();
  await page.getByRole("heading", { name: "Over" }).waitFor();
  assert.deepEqual(wrong, []);
  await close();
});

test("what is not there says so", async () => {
  const { page, close } = await open();
  for (const path of ["/incidents/I999", "/plant/nobody", "/checks/no/such"]) {
    const answer = await page.goto(`${consoleUrl}${path}`);
    assert.equal(answer.status(), 404);
    await page.getByRole("heading", { name: "Not here" }).waitFor();
  }
  await close();
});
