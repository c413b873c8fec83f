import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createDataParts, type DataParts } from "../../test/data.ts";
import { insertEvidence, type TestInference } from "../../test/evidence.ts";
import { clearFunctions, triageMail } from "../../test/functions.ts";
import { readKeptMails } from "../../test/mails.ts";
import { type Context, createId, createRandom, isAppError, silentLogger, systemClock } from "../core/index.ts";
import { createFeedback, type FeedbackService } from "../feedback/index.ts";
import type { EventInput } from "../jobs/index.ts";
import { wilson } from "../statistics/index.ts";
import { alertOpenedEvent, type AlertOpened, createMonitoring, type Monitoring, type Reference } from "./index.ts";

const definition = triageMail();
const reference: { current: Reference | null } = { current: null };
const started: AlertOpened[] = [];
let parts: DataParts;
let feedback: FeedbackService;
let context: Context;
let monitoring: Monitoring;

/** A fresh service over the same store: what it kept in memory is gone, as after a restart. */
function restart(): Monitoring {
  const { store, jobs, governance } = parts;
  const schedules = { ...jobs, defineSchedule: () => {}, emit: jobs.emit.bind(jobs) };
  return createMonitoring({
    sql: store.sql,
    jobs: schedules,
    functions: { definitions: [definition], definition: () => definition },
    audit: governance.audit.bind(governance),
    reference: { ofBinding: async () => reference.current },
    clock: systemClock,
    logger: silentLogger,
  });
}

beforeAll(async () => {
  parts = await createDataParts({
    define: ({ store, jobs, blobs, lake, data, governance }) => {
      const functions = { definitions: [definition], definition: () => definition };
      const audit = governance.audit.bind(governance);
      feedback = createFeedback({
        sql: store.sql,
        blobs,
        lake,
        jobs,
        data,
        functions,
        audit,
        clock: systemClock,
        scratchFolder: `${store.dataFolder}/scratch`,
        settle: async () => "complete",
      });
      jobs.defineWorkflow<EventInput<AlertOpened>, null>("test.note-alert@1", async (_workflow, event) => {
        started.push(event.payload);
        return null;
      });
      jobs.subscribe(alertOpenedEvent, "test", "test.note-alert@1");
    },
  });
  context = parts.context;
});
afterAll(() => parts.close());

beforeEach(async () => {
  await clearFunctions(parts.store);
  await parts.store.sql.owner.query(
    "truncate feedback_items, feedback_labels, feedback_counts, monitoring_windows, monitoring_alerts, monitoring_alert_windows",
  );
  started.length = 0;
  reference.current = null;
  monitoring = restart();
});

const binding = "b".repeat(64);
const day = 86_400_000;
const begin = Date.parse("2026-01-01T00:00:00Z");

interface Traffic {
  readonly spam: number;
  readonly accuracy?: number;
  readonly latencyMs?: number;
  readonly fallback?: boolean;
  readonly body?: (index: number, label: string) => string;
  readonly labels?: boolean;
}

const random = createRandom(9);
const vocabulary = Array.from({ length: 400 }, (_, index) => `word${(index * 7919) % 1000}`);
function usualBody(_index: number, label: string): string {
  const length = label === "spam" ? 60 + random.integer(60) : 20 + random.integer(30);
  return Array.from({ length }, () => vocabulary[random.integer(200) + (label === "spam" ? 200 : 0)]).join(" ");
}

let sent = 0;
/** One window of traffic (250 requests), its labels if wanted, and the run that follows. */
async function play(traffic: Traffic, windows = 1): Promise<void> {
  const inferences: (TestInference & { truth: string })[] = Array.from({ length: 250 * windows }, (_, index) => {
    const truth = index % 100 < traffic.spam * 100 ? "spam" : "ham";
    const isRight = random.next() < (traffic.accuracy ?? 0.97);
    const label = isRight ? truth : truth === "spam" ? "ham" : "spam";
    const body = (traffic.body ?? usualBody)(index, truth);
    sent += 1;
    return {
      id: createId(),
      occurredAt: new Date(begin + sent * 60_000).toISOString(),
      label,
      truth,
      binding,
      input: { subject: `subject ${body.slice(0, 12)}`, body },
      latencyMs: traffic.latencyMs ?? 3,
      fallback: traffic.fallback ?? false,
    };
  });
  await insertEvidence(parts.store.sql, inferences);
  if (traffic.labels !== false) await label(inferences);
  await monitoring.run(context, {});
}

async function label(inferences: readonly { id: string; truth: string }[]): Promise<void> {
  await feedback.submit(
    context,
    inferences.map(({ id, truth }) => ({ inferenceId: id, kind: "label", value: truth, source: "reader" })),
  );
}

function setReference(spam: number): void {
  const rows = Array.from({ length: 1000 }, (_, index) => {
    const truth = index % 100 < spam * 100 ? "spam" : "ham";
    const body = usualBody(index, truth);
    return { input: { subject: `subject ${body.slice(0, 12)}`, body }, label: truth };
  });
  reference.current = { name: "mail@1", rows, accuracy: wilson(291, 300), recalls: { ham: wilson(145, 150), spam: wilson(146, 150) } };
}

async function causes(): Promise<string[]> {
  return (await monitoring.alerts(context, {})).map((alert) => `${alert.cause} x${alert.windows} ${alert.status}`).reverse();
}

describe("on real mail of August to December 2002", () => {
  test("raises one alert for the label share, and a second one only when a new kind of mail makes answers worse", async () => {
    const mails = (await readKeptMails()).filter((mail) => mail.receivedAt !== null && mail.body !== null);
    const isPast = (mail: { receivedAt: string | null }) => mail.receivedAt! < "2002-08-01";
    const past = mails.filter(isPast).filter((_, index) => index % 2 === 0);
    // What `text-classifier` answered, trained on the mail up to July: one letter a message, in order of time.
    const predictions = (await readFile(new URL("../../test/fixtures/mail-predictions.txt", import.meta.url), "utf8")).trim();
    const future = mails
      .filter((mail) => !isPast(mail))
      .map((mail, index) => ({ ...mail, id: createId(), answer: predictions[index] === "s" ? "spam" : "ham" }));
    expect(predictions).toHaveLength(future.length);
    reference.current = {
      name: "mail@1",
      rows: past.map((mail) => ({ input: { subject: mail.subject, body: mail.body! }, label: mail.label })),
      accuracy: wilson(301, 310),
      recalls: { ham: wilson(197, 203), spam: wilson(104, 107) },
    };
    const log: string[] = [];
    const known = new Map<string, number>();
    let waiting: { id: string; truth: string; dueAt: number }[] = [];
    for (let start = 0; start < future.length;) {
      // Three days at a time: mail, the labels that are due, the monitors.
      const end = Date.parse(future[start]!.receivedAt!) + 3 * day;
      const batch = future.slice(start).filter((mail) => Date.parse(mail.receivedAt!) < end);
      start += batch.length;
      await insertEvidence(
        parts.store.sql,
        batch.map((mail) => ({
          id: mail.id,
          occurredAt: mail.receivedAt!,
          label: mail.answer,
          binding,
          input: { subject: mail.subject, body: mail.body },
        })),
      );
      for (const mail of batch)
        if (random.next() > 0.1)
          waiting.push({ id: mail.id, truth: mail.label, dueAt: Date.parse(mail.receivedAt!) + (1 + random.next() * 3) * day });
      const due = waiting.filter((each) => each.dueAt <= end);
      waiting = waiting.filter((each) => each.dueAt > end);
      for (let at = 0; at < due.length; at += 1000) await label(due.slice(at, at + 1000));
      await monitoring.run(context, {});
      for (const alert of (await monitoring.alerts(context, {})).toReversed()) {
        if (!known.has(alert.id)) log.push(`${new Date(end).toISOString().slice(0, 10)} ${alert.cause}`);
        known.set(alert.id, alert.windows);
      }
    }
    const alerts = (await monitoring.alerts(context, {})).toReversed();
    const windows = await monitoring.windows(context, "triage-mail");
    expect(windows).toHaveLength(16);
    expect(alerts.map((alert) => alert.cause)).toEqual(["label-share", "input-change"]);
    const [share, change] = alerts;
    // Seen within August, from the first window on, and window after window since.
    expect(log[0]).toMatch(/^2002-08-(0\d|1\d) label-share$/);
    expect(share!.occurredFrom.slice(0, 10)).toBe("2002-08-01");
    expect(share!.occurredTo > "2002-10-07").toBe(true);
    expect(share!.windows).toBeGreaterThanOrEqual(14);
    expect(share!.title).toMatch(/^The share of labels moved: (spam|ham) \d+%/);
    expect(share).toMatchObject({ owner: "mail team", status: "open", playbook: expect.stringContaining("1. ") });
    // Late in September short news items begin; half of them are taken for spam.
    expect(change!.occurredFrom.slice(0, 7)).toBe("2002-09");
    expect(change!.signals.map((signal) => signal.monitor)).toEqual(expect.arrayContaining(["input-drift", "accuracy"]));
    expect(windows.find((window) => window.from.startsWith("2002-09-26"))!.accuracy!.value).toBeLessThan(0.7);
    expect((await parts.audited()).filter((entry) => entry.startsWith("monitoring.open-alert"))).toHaveLength(2);
  }, 240_000);
});

describe("traffic like the reference", () => {
  test("raises nothing, however long", async () => {
    setReference(0.4);
    for (let round = 0; round < 4; round++) await play({ spam: 0.4 }, 4);
    expect(await causes()).toEqual([]);
    const windows = await monitoring.windows(context, "triage-mail");
    expect(windows).toHaveLength(15);
    expect(windows.every((window) => window.requests === 250 && window.labelled === 250)).toBe(true);
    expect(windows.every((window, index) => index === 0 || window.from === windows[index - 1]!.to)).toBe(true);
  });
});

describe("a cause", () => {
  test("needs two windows, then is one alert window after window, with its event, audit entry, owner and playbook", async () => {
    setReference(0.5);
    await play({ spam: 0.5 }, 2);
    await play({ spam: 0.3 });
    expect(await causes()).toEqual([]);
    await play({ spam: 0.3 });
    await play({ spam: 0.3 }, 3);
    expect(await causes()).toEqual(["label-share x4 open"]);
    const [alert] = await monitoring.alerts(context, { status: "open" });
    expect(alert!.playbook).toContain("triage-mail");
    expect(alert!.title).toMatch(/spam 3\d%, 50% in mail@1|ham [67]\d%, 50% in mail@1/);
    await expect
      .poll(() => started)
      .toEqual([
        {
          alertId: alert!.id,
          function: "triage-mail",
          cause: "label-share",
          occurredFrom: alert!.occurredFrom,
          occurredTo: expect.any(String),
        },
      ]);
  });

  test("that is very strong needs one window", async () => {
    setReference(0.5);
    await play({ spam: 0.5 });
    await play({ spam: 0.02 });
    await play({ spam: 0.5 }, 2);
    expect(await causes()).toEqual(["label-share x1 open"]);
  });

  test("of another family raises a second alert while the first is open", async () => {
    setReference(0.5);
    await play({ spam: 0.2 }, 3);
    await play({ spam: 0.2, latencyMs: 900 }, 2);
    expect(await causes()).toEqual(["label-share x4 open", "latency x1 open"]);
    await play({ spam: 0.2, accuracy: 0.7 }, 3);
    expect((await causes()).map((each) => each.split(" ")[0])).toEqual(["label-share", "latency", "quality"]);
  });

  test("resolved while it persists opens again only after a clean window", async () => {
    setReference(0.5);
    await play({ spam: 0.2 }, 3);
    const [alert] = await monitoring.alerts(context, {});
    expect(await monitoring.changeAlert(context, alert!.id, { status: "acknowledged" })).toMatchObject({ status: "acknowledged" });
    expect(await monitoring.changeAlert(context, alert!.id, { status: "resolved", note: "we know" })).toMatchObject({ status: "resolved" });
    await play({ spam: 0.2 }, 3);
    expect(await causes()).toEqual(["label-share x2 resolved"]);
    await play({ spam: 0.5 }, 2);
    await play({ spam: 0.2 }, 3);
    expect(await causes()).toEqual(["label-share x2 resolved", expect.stringMatching(/^label-share x\d open$/)]);
    const conflict = await monitoring.changeAlert(context, alert!.id, { status: "acknowledged" }).catch((error: unknown) => error);
    expect(isAppError(conflict, "conflict")).toBe(true);
    expect((await parts.audited()).filter((entry) => entry.endsWith(`alert:${alert!.id}`)).map((entry) => entry.split(" ")[0])).toEqual([
      "monitoring.open-alert",
      "monitoring.acknowledge-alert",
      "monitoring.resolve-alert",
    ]);
  });

  test("is the inputs when they change and nobody says yet whether answers suffer", async () => {
    setReference(0.4);
    await play({ spam: 0.4 }, 2);
    await play({ spam: 0.4, labels: false, body: (index, truth) => `${usualBody(index, truth)} `.repeat(4) }, 3);
    const [alert] = await monitoring.alerts(context, {});
    expect(await causes()).toEqual([expect.stringMatching(/^input-change x\d open$/)]);
    expect(alert!.signals[0]!.measure).toMatch(/^body: /);
  });

  test("is no cause when inputs change and the labels say that answers are as good as before", async () => {
    setReference(0.4);
    await play({ spam: 0.4, body: (index, truth) => `${usualBody(index, truth)} `.repeat(4) }, 4);
    expect(await causes()).toEqual([]);
    const windows = await monitoring.windows(context, "triage-mail");
    expect(windows.at(-1)!.measures.some((measure) => measure.monitor === "input-drift" && measure.exceeded)).toBe(true);
  });

  test("is words nobody used before, when the texts keep their length", async () => {
    setReference(0.4);
    await play({ spam: 0.4, labels: false }, 2);
    await play({ spam: 0.4, labels: false, body: (index, truth) => usualBody(index, truth).replaceAll("word", "mot") }, 2);
    const [alert] = await monitoring.alerts(context, {});
    expect(await causes()).toEqual([expect.stringMatching(/^input-change x\d open$/)]);
    expect(alert!.signals.map((signal) => signal.measure)).toContain("body: unseen words");
  });

  test("is the failures when a fallback answers: its other labels say nothing about the model", async () => {
    setReference(0.4);
    await play({ spam: 0.4, labels: false }, 2);
    await play({ spam: 0.05, labels: false, fallback: true, latencyMs: 900 }, 3);
    expect(await causes()).toEqual([expect.stringMatching(/^failures x\d open$/)]);
    const [last] = (await monitoring.windows(context, "triage-mail")).slice(-1);
    expect(Object.values(last!.labels).reduce((sum, each) => sum + each, 0)).toBe(250);
    expect(last!.measures.map(({ monitor }) => monitor)).toEqual(["output-drift", "latency", "failures"]);
  });
});

describe("late labels", () => {
  test("change the accuracy of old windows, and the alert they would have raised is raised then", async () => {
    setReference(0.4);
    const inferences = Array.from({ length: 760 }, (_, index) => {
      const truth = index % 5 < 2 ? "spam" : "ham";
      sent += 1;
      return {
        id: createId(),
        occurredAt: new Date(begin + sent * 60_000).toISOString(),
        label: index % 4 === 0 ? "ham" : truth,
        truth,
        binding,
        input: { subject: "s", body: usualBody(index, truth) },
      };
    });
    await insertEvidence(parts.store.sql, inferences);
    await monitoring.run(context, {});
    expect((await monitoring.windows(context, "triage-mail")).map((window) => window.accuracy)).toEqual([null, null, null]);
    const before = await causes();
    expect(before.some((each) => each.startsWith("quality"))).toBe(false);
    await label(inferences.slice(0, 600));
    const again = await monitoring.run(context, {});
    expect(again.windows).toBe(3);
    const windows = await monitoring.windows(context, "triage-mail");
    expect(windows[0]!.accuracy).toMatchObject({ n: 250, value: expect.closeTo(0.9, 1) });
    expect((await causes()).some((each) => each.startsWith("quality") || each.startsWith("input-change"))).toBe(true);
    expect(await monitoring.run(context, {})).toEqual({ windows: 0, alerts: [] });
    expect((await restart().run(context, {})).windows).toBe(0);
  });
});

describe("windows", () => {
  test("go by when it happened, not by when it was stored, and take late evidence in", async () => {
    const at = (minute: number) => new Date(begin + minute * 60_000).toISOString();
    const one = (minute: number): TestInference => ({
      id: createId(),
      occurredAt: at(minute),
      label: "ham",
      binding,
      input: { subject: "s", body: "b" },
    });
    const minutes = Array.from({ length: 600 }, (_, index) => index);
    const shuffled = random.shuffle(minutes.filter((minute) => minute !== 100));
    await insertEvidence(parts.store.sql, shuffled.map(one));
    await monitoring.run(context, { function: "triage-mail" });
    const before = await monitoring.windows(context, "triage-mail");
    expect(before.map(({ from, to, requests }) => [from, to, requests])).toEqual([
      [at(0), at(251), 250],
      [at(251), at(501), 250],
    ]);
    await insertEvidence(parts.store.sql, [one(100)]);
    expect((await monitoring.run(context, {})).windows).toBe(1);
    expect((await monitoring.windows(context, "triage-mail")).map(({ requests }) => requests)).toEqual([251, 250]);
  });

  test("keep rows of one moment together, and are measured once when two run at once", async () => {
    const rows = Array.from({ length: 520 }, (_, index): TestInference => ({
      id: createId(),
      occurredAt: new Date(begin + Math.floor(index / 40) * 60_000).toISOString(),
      label: "ham",
      input: { subject: "s", body: "b" },
    }));
    await insertEvidence(parts.store.sql, rows);
    await Promise.all([monitoring.run(context, {}), restart().run(context, {}), monitoring.run(context, {})]);
    const windows = await monitoring.windows(context, "triage-mail");
    expect(windows.map(({ requests }) => requests)).toEqual([280]);
  });
});

describe("asking for what is not there", () => {
  test("says so", async () => {
    const missing = createId();
    expect(isAppError(await monitoring.alert(context, missing).catch((error: unknown) => error), "unknown_alert")).toBe(true);
    expect(
      isAppError(await monitoring.changeAlert(context, missing, { status: "resolved" }).catch((error: unknown) => error), "unknown_alert"),
    ).toBe(true);
    expect(() =>
      createMonitoring({
        sql: parts.store.sql,
        jobs: parts.jobs,
        functions: { definitions: [{ ...definition, monitoring: { window: { requests: 3 } } }], definition: () => definition },
        audit: async () => {},
        reference: { ofBinding: async () => null },
        clock: systemClock,
        logger: silentLogger,
      }),
    ).toThrow(/triage-mail.*monitoring\.window/);
  });
});
