import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Client, createClient, waitForWorkflow } from "@millrace/sdk";
import { type Browser, type Page, chromium } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { type App, startApp } from "../server/src/app/index.ts";

const executable = process.env["MILLRACE_TEST_CHROMIUM"] ?? "/usr/bin/chromium";
const built = fileURLToPath(new URL("../server/public/index.html", import.meta.url));
const missing = existsSync(executable)
  ? existsSync(built)
    ? ""
    : " (skipped: the console is not built, run npm run build)"
  : " (skipped: no Chromium; set MILLRACE_TEST_CHROMIUM)";

// With one process for pages as the limit, none is started in reserve: a start costs more than the page it shows.
const browserArguments = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--disable-background-networking",
  "--disable-component-update",
  "--renderer-process-limit=1",
];

const config = `
import { defineConfig, defineFunction, model, rules } from "millrace";
import { z } from "zod";

const label = (input) => ({ label: /[$]/.test(input.subject) ? "spam" : "ham", confidence: 0.9 });
const triageMail = defineFunction({
  name: "triage-mail",
  owner: "mail-team",
  purpose: { objective: "Tell wanted mail from the rest.", decision: "Which folder a message is in.", errors: [{ error: "ham labelled spam", cost: "a message is missed" }] },
  boundary: "may label a message, may not delete one",
  input: z.object({ subject: z.string() }),
  output: z.object({ label: z.enum(["ham", "spam"]), confidence: z.number() }),
  latencyBudgetMs: 500,
  variants: { careful: rules(label), plain: rules(label) },
  fallback: ["careful", "plain"],
  monitoring: { window: { requests: 40 } },
});
const tellWanted = defineFunction({
  name: "tell-wanted",
  owner: "mail-team",
  purpose: { objective: "Tell wanted mail from the rest, by a model.", decision: "Which folder a message is in.", errors: [{ error: "ham labelled spam", cost: "a message is missed" }] },
  boundary: "may label a message, may not delete one",
  input: z.object({ subject: z.string() }),
  output: z.object({ label: z.string(), confidence: z.number() }),
  latencyBudgetMs: 500,
  variants: { learned: model({ model: "tell-wanted" }), plain: rules(label) },
  fallback: ["learned", "plain"],
  retraining: { dataset: "mail", onAlert: false, gate: { margin: 0.2 }, shadowRequests: 3, canaryRequests: 3, afterRequests: 3 },
});
export default defineConfig({ functions: [triageMail, tellWanted] });
`;

/** A real browser against a real server: two windows of mixed mail, two of spam only, and one answer that was wrong. */
describe.skipIf(missing !== "")(`the console${missing}`, () => {
  let folder: string;
  let app: App;
  let client: Client;
  let browser: Browser;
  let misread: string;
  /** One for the tests that need no session of their own: each opens the address it begins at. */
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    // Beside the sources, so that "millrace" resolves as it does for a user's file.
    folder = await mkdtemp(join(fileURLToPath(new URL("../server/", import.meta.url)), ".console-test-"));
    await writeFile(join(folder, "millrace.config.ts"), config);
    [app, browser] = await Promise.all([
      startApp({
        role: "up",
        dataFolder: join(folder, "data"),
        configPath: join(folder, "millrace.config.ts"),
        port: 0,
        logLevel: "silent",
      }),
      chromium.launch({ executablePath: executable, args: browserArguments }),
    ]);
    client = createClient({ url: app.url, key: (await readFile(join(folder, "data", "admin.key"), "utf8")).trim() });
    misread = await feedStream();
    page = await newPage();
    await signIn(page, client);
  });
  afterEach(async () => {
    expect(complaints.splice(0)).toEqual([]);
  });
  afterAll(async () => {
    await browser?.close();
    await app?.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** Answers which inference was wrong. */
  async function feedStream(): Promise<string> {
    const ask = async (index: number) => {
      const subject = index >= 80 || index % 2 === 0 ? "Win $$$ now" : "Minutes of Monday";
      const occurredAt = new Date(Date.parse("2026-01-01T00:00:00Z") + index * 3_600_000).toISOString();
      const drill = index === 5 ? { drill: ["careful"] } : {};
      const body = { input: { subject }, occurredAt, ...drill };
      return (await client.call("functions.infer", { parameters: { name: "triage-mail" }, body })).inferenceId;
    };
    const ids = await Promise.all(Array.from({ length: 161 }, (_, index) => ask(index)));
    const truth = (index: number, value: string) =>
      ({
        id: `truth-${index}`,
        inferenceId: ids[index]!,
        kind: "label",
        value,
        source: "reader",
        occurredAt: "2026-01-09T00:00:00Z",
      }) as const;
    await client.call("feedback.submit", { body: { items: [truth(1, "spam"), truth(2, "spam"), truth(3, "ham")] } });
    await vi.waitFor(async () => expect((await client.call("evidence.get", {})).stored).toBe(161), 15_000);
    return ids[1]!;
  }

  async function newPage(options: Parameters<Browser["newPage"]>[0] = {}): Promise<Page> {
    const opened = await browser.newPage({ viewport: { width: 1360, height: 900 }, ...options });
    opened.setDefaultTimeout(15_000);
    opened.on("pageerror", (error) => complaints.push(`${opened.url()}: ${error.message}`));
    opened.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") complaints.push(`${opened.url()}: ${message.text()}`);
    });
    return opened;
  }

  async function signIn(into: Page, as: Client): Promise<void> {
    await into.goto((await as.call("governance.createLink", {})).url);
    await into.locator("[data-stage]").first().waitFor();
  }

  /** Somebody whose key shows all and changes nothing but keys. */
  async function looker(): Promise<Client> {
    const { key } = await client.call("governance.createKey", {
      body: { name: "looker", roles: ["viewer"], permissions: ["governance.write"] },
    });
    return createClient({ url: app.url, key });
  }

  /** The first version of the model that tell-wanted waits for: a release of its own. */
  async function trainFirst(): Promise<void> {
    const row = (index: number) => ({
      id: `row-${index}`,
      at: new Date(Date.parse("2026-01-01T00:00:00Z") + index * 60_000).toISOString(),
      subject: index % 2 === 0 ? `Win $$$ now ${index * 7919}` : `Minutes of Monday ${index * 7919}`,
      label: index % 2 === 0 ? "spam" : "ham",
    });
    const upload = await client.call("data.upload", {
      body: Array.from({ length: 200 }, (_, index) => JSON.stringify(row(index))).join("\n"),
    });
    const built = await client.call("data.create", {
      body: { name: "mail", uploadId: upload.id, timeColumn: "at", labelColumn: "label", featureColumns: ["subject"], keyColumn: "id" },
    });
    expect(await waitForWorkflow(client, built.workflowId)).toMatchObject({ status: "succeeded" });
    const run = await client.call("models.createRun", { body: { model: "tell-wanted", trainer: "text-classifier", dataset: "mail@1" } });
    expect(await waitForWorkflow(client, run.workflowId)).toMatchObject({ status: "succeeded" });
    await expect.poll(async () => (await tell(0)).variant, { timeout: 15_000 }).toBe("learned");
    const ids = await Promise.all(Array.from({ length: 40 }, async (_, index) => (await tell(index)).inferenceId));
    await vi.waitFor(async () => expect((await client.call("evidence.get", {})).backlog).toBe(0), 15_000);
    const items = ids.map(
      (inferenceId, index) => ({ inferenceId, kind: "label", value: index % 2 === 0 ? "spam" : "ham", source: "reader" }) as const,
    );
    await client.call("feedback.submit", { body: { items } });
  }

  function tell(index: number) {
    const input = { subject: index % 2 === 0 ? `Win $$$ at once ${index * 31}` : `Minutes of Tuesday ${index * 31}` };
    return client.call("functions.infer", { parameters: { name: "tell-wanted" }, body: { input } });
  }

  async function activeRelease() {
    const { items } = await client.call("release.list", { parameters: { function: "tell-wanted" } });
    return items.find((each) => each.active)!;
  }

  /** Starts a retraining and serves it requests until it is there. */
  async function retrain(stage: "shadow" | "promoted"): Promise<void> {
    const { id } = await client.call("release.retrain", { body: { function: "tell-wanted", reason: "test" } });
    await vi.waitFor(
      async () => {
        const now = await client.call("release.getRetraining", { parameters: { id } });
        if (stage === "promoted" && now.stage !== stage) await tell(0);
        expect(now.stage, now.reason ?? "").toBe(stage);
      },
      { timeout: 60_000, interval: 100 },
    );
  }

  /** What a browser itself says about an answer that the page handles. */
  function forgive(pattern: RegExp): void {
    for (const [index, complaint] of [...complaints.entries()].toReversed()) if (pattern.test(complaint)) complaints.splice(index, 1);
  }

  test("a link signs in once; signing out ends the session; the spent link says so and how to get another", async () => {
    const { url } = await client.call("governance.createLink", {});
    const visitor = await newPage();
    await visitor.goto(url);
    await visitor.getByRole("heading", { name: "Overview" }).waitFor();
    expect(visitor.url()).toBe(`${app.url}/`);
    await visitor.getByRole("button", { name: "Sign out" }).click();
    await visitor.getByText("You are not signed in.").waitFor();
    await visitor.goto(`${app.url}/inferences`);
    await visitor.getByText("You are not signed in.").waitFor();
    await visitor.goto(url);
    await visitor.getByRole("alert").waitFor();
    expect(await visitor.getByText("millrace governance link", { exact: true }).last().isVisible()).toBe(true);
    await visitor.getByRole("link", { name: "overview" }).click();
    await visitor.getByText("You are not signed in.").waitFor();
    await visitor.close();
    forgive(/status of 4\d\d/);
  });

  test("the overview shows all seven stages, and what was accepted is stored or rejected", async () => {
    await page.goto(app.url);
    await page.locator("[data-stage]").first().waitFor();
    expect(await page.locator("[data-stage]").count()).toBe(7);
    const evidence = page.getByRole("region", { name: "Evidence" });
    await evidence.getByText("balanced").waitFor();
    const numbers = (await evidence.locator("b").allTextContents()).map((text) => Number(text.replaceAll(",", "")));
    expect(numbers).toHaveLength(3);
    expect(numbers[0]).toBeGreaterThanOrEqual(161);
    expect(numbers[0]).toBe(numbers[1]! + numbers[2]!);
    const node = page.getByRole("table", { name: "Nodes" }).getByRole("row").nth(1);
    expect(await node.textContent()).toContain("alive");
  });

  test("a trial is ended, and a release rolled back, from the function's page by the keyboard alone", async () => {
    await trainFirst();
    await page.goto(`${app.url}/functions/tell-wanted`);
    const dialog = page.getByRole("dialog");
    const press = async (name: string) => {
      await page.getByRole("button", { name }).focus();
      await page.keyboard.press("Enter");
    };

    await retrain("shadow");
    await press("End the trial of tell-wanted");
    expect(await dialog.textContent()).toContain("All traffic goes to tell-wanted@1, and tell-wanted@2 answers no more.");
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "hidden" });
    await press("End the trial of tell-wanted");
    await page.keyboard.type("not today");
    await page.keyboard.press("Enter");
    await page.getByRole("table", { name: "Retrainings" }).getByRole("cell", { name: "rolled-back" }).waitFor();
    expect(await activeRelease()).toMatchObject({
      stage: "rolled-back",
      reason: "not today",
      arms: [{ label: "tell-wanted@1", share: 1 }],
    });

    await retrain("promoted");
    await page.getByRole("table", { name: "Retrainings" }).getByRole("cell", { name: "promoted" }).waitFor();
    await press("Roll back of tell-wanted");
    expect(await dialog.textContent()).toContain("All traffic goes from tell-wanted@3 back to tell-wanted@1");
    await page.keyboard.type("it was better before");
    await page.keyboard.press("Enter");
    await dialog.waitFor({ state: "hidden" });
    await expect.poll(async () => (await activeRelease()).reason).toBe("it was better before");

    // As far back as there is; then the button stays, and says why it does nothing.
    while ((await activeRelease()).before !== null)
      await client.call("release.rollback", { parameters: { function: "tell-wanted" }, body: { reason: "further" } });
    await page.reload();
    await page.getByRole("button", { name: "Roll back of tell-wanted" }).and(page.locator("[aria-disabled=true]")).waitFor();
    await press("Roll back of tell-wanted");
    await page.getByText("There is nothing to go back to").waitFor();
    expect(await dialog.count()).toBe(0);
  }, 120_000);

  test("who may only look sees what could be done, and why not; nothing is sent", async () => {
    const page = await newPage();
    await signIn(page, await looker());
    const sent: string[] = [];
    page.on("request", (request) => void (request.method() === "GET" || sent.push(request.url())));
    await page.goto(`${app.url}/functions/triage-mail`);
    const off = page.getByRole("button", { name: "Switch off triage-mail" });
    expect(await off.getAttribute("aria-disabled")).toBe("true");
    await off.focus();
    await page.keyboard.press("Enter");
    await page.getByText("it needs the permission switch.write").waitFor();
    expect(await page.getByRole("dialog").count()).toBe(0);
    await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Functions" }).click();
    await page.getByRole("table", { name: "Functions" }).waitFor();
    expect(await page.getByRole("button", { name: /Switch off/ }).count()).toBe(0);
    expect(sent).toEqual([]);
    await page.close();
  });

  test("a function is switched off and on from the list, without leaving it", async () => {
    await page.goto(`${app.url}/functions`);
    for (const [verb, next] of [
      ["Switch off", "Switch on"],
      ["Switch on", "Switch off"],
    ] as const) {
      await page.getByRole("button", { name: `${verb} tell-wanted` }).click();
      await page.getByRole("dialog").getByText("Who, when and why").click();
      await page.getByRole("dialog").getByLabel("Reason").fill("a drill");
      await page.getByRole("dialog").getByRole("button", { name: verb }).click();
      await page.getByRole("button", { name: `${next} tell-wanted` }).waitFor();
    }
    expect(page.url()).toBe(`${app.url}/functions`);
  });

  test("the kill switch asks why, turns the function off, and on again", async () => {
    const ask = () => client.call("functions.infer", { parameters: { name: "triage-mail" }, body: { input: { subject: "hello" } } });
    await page.goto(`${app.url}/functions/triage-mail`);
    await page.getByRole("button", { name: "Switch off triage-mail" }).click();
    const dialog = page.getByRole("dialog");
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "hidden" });
    await page.getByRole("button", { name: "Switch off triage-mail" }).click();
    await dialog.getByRole("button", { name: "Switch off" }).click();
    expect(await dialog.isVisible()).toBe(true);
    await dialog.getByLabel("Reason").fill("a drill");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Switch on triage-mail" }).waitFor();
    await expect
      .poll(() =>
        ask().then(
          () => "answered",
          (error: { code: string }) => error.code,
        ),
      )
      .toBe("function_switched_off");
    await page.getByRole("button", { name: "Switch on triage-mail" }).click();
    await dialog.getByLabel("Reason").fill("the drill is over");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Switch off triage-mail" }).waitFor();
    await expect.poll(async () => (await ask().catch(() => undefined))?.variant).toBe("careful");
    const { items } = await client.call("governance.listAudit", { query: { action: "governance.switch-off" } });
    expect(JSON.stringify(items[0])).toContain("a drill");
  });

  test("filters are in the address: they survive a reload and the way back", async () => {
    await page.goto(`${app.url}/inferences`);
    const rows = page.getByRole("table", { name: "Inferences" }).getByRole("row");
    await page.getByLabel("Fallback").selectOption("true");
    await expect.poll(() => rows.count()).toBe(2);
    expect(new URL(page.url()).search).toBe("?fallback=true");
    await page.reload();
    await expect.poll(() => rows.count()).toBe(2);
    expect(await page.getByLabel("Fallback").inputValue()).toBe("true");
    await page.getByLabel("Label").fill("nothing");
    await page.keyboard.press("Enter");
    await page.getByText("No inference matches").waitFor();
    await page.goBack();
    await expect.poll(() => rows.count()).toBe(2);
    expect(await page.getByLabel("Label").inputValue()).toBe("");
    await page.getByRole("button", { name: "Clear" }).click();
    await expect.poll(() => rows.count()).toBe(51);
    await page.getByRole("button", { name: "Older" }).click();
    await page.getByRole("button", { name: "Newest" }).waitFor();
    expect(new URL(page.url()).searchParams.has("cursor")).toBe(true);
    await page.goto(`${app.url}/functions/triage-mail?buckets=10`);
    expect(await page.getByLabel("Points in time").inputValue()).toBe("10");
  });

  test("a misread answer is found and opened by the keyboard alone", async () => {
    await page.goto(app.url);
    await page.locator("[data-stage]").first().waitFor();
    await page.keyboard.press("g");
    await page.keyboard.press("i");
    await page.getByRole("heading", { name: "Inferences" }).waitFor();
    await page.getByRole("row").nth(1).waitFor();
    await page.keyboard.press("/");
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe("SELECT");
    for (let index = 0; index < 4; index += 1) await page.keyboard.press("Tab");
    await page.keyboard.type("misread");
    await expect.poll(() => new URL(page.url()).search).toBe("?misread=true");
    await expect.poll(() => page.getByRole("row").count()).toBe(2);
    await page.evaluate(() => (document.activeElement as HTMLElement).blur());
    await page.keyboard.press("j");
    await page.keyboard.press("Enter");
    await page.getByText("Misread:").waitFor();
    expect(page.url()).toBe(`${app.url}/inferences/${misread}`);
    const text = await page.locator("main").textContent();
    for (const part of ["Minutes of Monday", "config hash", "careful", "label by reader"]) expect(text).toContain(part);
    expect(await page.locator(".steps li").count()).toBeGreaterThan(0);
  });

  test("the keys are explained on ?; dark and light follow the system until t chooses one, which stays", async () => {
    const colours = () =>
      page.evaluate(() => [getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color] as const);
    await page.goto(app.url);
    await page.locator("[data-stage]").first().waitFor();
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keyboard" }).waitFor();
    await page.keyboard.press("Escape");
    await page.emulateMedia({ colorScheme: "dark" });
    const dark = await colours();
    await page.emulateMedia({ colorScheme: "light" });
    const light = await colours();
    expect(dark[0]).not.toBe(light[0]);
    expect(dark[1]).not.toBe(light[1]);
    await page.keyboard.press("t");
    expect((await colours())[0]).not.toBe(light[0]);
    await page.reload();
    await page.getByRole("heading", { name: "Overview" }).waitFor();
    expect((await colours())[0]).not.toBe(light[0]);
    await page.getByRole("combobox", { name: "Theme" }).selectOption("system");
  });

  test("an alert is opened from the overview, acknowledged and resolved", async () => {
    await client.call("monitoring.run", { body: {} });
    await page.goto(app.url);
    await page.getByRole("table", { name: "Alerts" }).waitFor();
    // The next step stands in the list already.
    expect(await page.getByRole("button", { name: /^Acknowledge: Inputs changed/ }).count()).toBe(1);
    await page.getByRole("table", { name: "Alerts" }).getByRole("link", { name: "Inputs changed" }).click();
    await page.getByRole("heading", { name: "What to do" }).waitFor();
    expect(await page.getByRole("table", { name: "Signals" }).getByRole("row").count()).toBeGreaterThan(1);
    // So does what stops the harm.
    await page.getByRole("button", { name: "Switch off triage-mail" }).click();
    await page.getByRole("dialog", { name: "Switch triage-mail off?" }).getByRole("button", { name: "Cancel" }).click();
    await page.getByRole("link", { name: "All alerts" }).click();
    await page.getByRole("table", { name: "Alerts" }).getByRole("button", { name: "Acknowledge" }).click();
    await page.getByRole("cell", { name: "acknowledged" }).waitFor();
    expect(page.url()).toBe(`${app.url}/alerts`);
    await page.getByRole("table", { name: "Alerts" }).getByRole("link", { name: "Inputs changed" }).click();
    await page.getByRole("heading", { name: "What to do" }).waitFor();
    expect((await client.call("monitoring.alerts", { query: { status: "acknowledged" } })).items).toHaveLength(1);
    await page.getByRole("button", { name: "Resolve" }).click();
    await page.getByRole("button", { name: "Resolve" }).waitFor({ state: "hidden" });
    await page.getByRole("link", { name: "All alerts" }).click();
    await page.getByRole("cell", { name: "resolved" }).waitFor();
  });

  test("no page scrolls sideways on a phone", async () => {
    const page = await newPage({ viewport: { width: 390, height: 844 }, hasTouch: true });
    await signIn(page, client);
    const [alert] = (await client.call("monitoring.alerts", { query: {} })).items;
    const paths = ["/", "/functions", "/functions/triage-mail", "/inferences", `/inferences/${misread}`, "/alerts", "/nowhere"];
    if (alert !== undefined) paths.push(`/alerts/${alert.id}`);
    for (const path of paths) {
      await page.goto(app.url + path);
      await page.getByRole("heading", { level: 1 }).waitFor();
      await page.waitForLoadState("networkidle");
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      expect.soft(wide, path).toBeLessThanOrEqual(390);
      const cut = await page.evaluate(
        () =>
          [...document.querySelectorAll("main table[aria-label]")].filter(
            (table) => table.parentElement!.scrollWidth > table.parentElement!.clientWidth,
          ).length,
      );
      expect.soft(cut, `${path}: tables wider than the phone`).toBe(0);
    }
    await page.close();
  });

  test("what does not exist leads on", async () => {
    await page.goto(`${app.url}/nowhere`);
    await page.getByRole("heading", { name: "There is no such page" }).waitFor();
    await page.getByRole("main").getByRole("link", { name: "inferences" }).click();
    await page.getByRole("heading", { name: "Inferences" }).waitFor();
    await page.goto(`${app.url}/inferences/00000000-0000-7000-8000-000000000000`);
    await page.getByRole("alert").waitFor();
    await page.getByRole("link", { name: "All inferences" }).click();
    await page.getByRole("heading", { name: "Inferences" }).waitFor();
    forgive(/status of 404/);
  });

  test("a server that stops answering is said once, over what it said last, and forgotten when it answers", async () => {
    await page.goto(app.url);
    await page.locator("[data-stage]").first().waitFor();
    // Coming back to the tab asks at once instead of within seconds.
    const comeBack = () => page.evaluate(() => window.dispatchEvent(new Event("visibilitychange")));
    await page.context().setOffline(true);
    await comeBack();
    await page.getByText("The server does not answer.").waitFor({ timeout: 30_000 });
    expect(await page.getByRole("alert").count()).toBe(1);
    expect(await page.locator("[data-stage]").count()).toBe(7);
    await page.context().setOffline(false);
    await comeBack();
    await page.getByText("The server does not answer.").waitFor({ state: "hidden", timeout: 30_000 });
    forgive(/ERR_INTERNET_DISCONNECTED/);
  });
});
