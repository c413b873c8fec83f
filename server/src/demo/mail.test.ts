import { beforeAll, describe, expect, test } from "vitest";
import { readKeptMails } from "../../test/mails.ts";
import { createRandom } from "../core/index.ts";
import { type DuplicateRule, findDuplicates } from "../data/find-duplicates.ts";
import type { Row } from "../data/rows.ts";
import { type Mail, receivedAt } from "./mail.ts";

describe("when a message arrived", () => {
  test("is the stamp our own server wrote, whatever the sender claims", () => {
    const received = "from a (b [10.0.0.1]) by c with ESMTP id X; Thu, 22 Aug 2002 07:36:16 -0400 (EDT)";
    expect(receivedAt(received, "Mon, 1 Jan 1990 00:00:00 +0000")).toBe("2002-08-22T11:36:16.000Z");
  });

  test("falls back to the sender's date only within 2001 and 2002", () => {
    expect(receivedAt(undefined, "Tue, 2 Oct 2001 10:00:00 +0200")).toBe("2001-10-02T08:00:00.000Z");
    expect(receivedAt("by c", "Tue, 2 Oct 2001 10:00:00 +0200")).toBe("2001-10-02T08:00:00.000Z");
    expect(receivedAt(undefined, "Fri, 2 Oct 2037 10:00:00 +0200")).toBeNull();
    expect(receivedAt(undefined, "yesterday")).toBeNull();
    expect(receivedAt(undefined, undefined)).toBeNull();
  });
});

describe("the corpus", () => {
  let mails: Mail[];
  beforeAll(async () => {
    mails = await readKeptMails();
  }, 120_000);

  test("holds 6,046 messages with unique keys, oldest first", () => {
    expect(mails).toHaveLength(6046);
    expect(new Set(mails.map((mail) => mail.key)).size).toBe(6046);
    const times = mails.map((mail) => mail.receivedAt ?? "");
    expect(times).toEqual(times.toSorted());
  });

  test("has 714 ham and 1,210 spam up to July 2002, and spam's share falls from then on", () => {
    const count = (from: string, to: string, label: string) =>
      mails.filter((mail) => mail.receivedAt !== null && mail.receivedAt >= from && mail.receivedAt < to && mail.label === label).length;
    expect([count("2001", "2002-08", "ham"), count("2001", "2002-08", "spam")]).toEqual([714, 1210]);
    expect(count("2002-10", "2002-11", "spam") / (count("2002-10", "2002-11", "spam") + count("2002-10", "2002-11", "ham"))).toBeLessThan(
      0.02,
    );
  });

  test("turns bodies that came as HTML alone (972 of them, 16%) into text; only quoted markup remains", () => {
    const tagged = mails.filter((mail) => mail.body !== null && /<\/?(table|font|body)\b/i.test(mail.body));
    expect(tagged.length / mails.length).toBeLessThan(0.02);
  });

  // Here and not beside the search for duplicates, as reading the corpus takes seconds.
  describe("searched for duplicates", () => {
    const columns = ["subject", "body"].map((name) => ({
      name,
      type: "text" as const,
      nullable: false,
      unique: false,
      minimum: null,
      maximum: null,
      maxLength: null,
      values: null,
    }));
    const rule: DuplicateRule = { contract: { columns }, featureColumns: ["subject", "body"], nearThreshold: 0.8 };
    let rows: Row[];
    beforeAll(() => {
      rows = mails
        .filter((mail) => mail.body !== null && mail.body.length > 200)
        .map((mail, index) => ({ line: index + 1, values: { subject: mail.subject, body: mail.body, label: mail.label, key: mail.key } }));
    });

    test("finds 200 planted edited copies: recall and precision at least 0.95", () => {
      const random = createRandom(5);
      const some = rows.filter(({ line }) => line % 4 === 0);
      // Only originals that nothing else resembles, so that what is planted is all there is to find.
      const originals = findDuplicates(some, { ...rule, nearThreshold: 0.6 }).kept;
      const chosen = random.shuffle([...originals]).slice(0, 200);
      const planted = chosen.map((original, index) => ({
        line: 100_000 + index,
        values: { ...original.values, body: edit(String(original.values["body"]), index % 4, random) },
      }));
      expect(planted).toHaveLength(200);
      const { duplicates } = findDuplicates([...originals, ...planted], rule);
      const found = duplicates.filter(({ row: copy, of }) => copy.line >= 100_000 && of === chosen[copy.line - 100_000]);
      const recall = found.length / planted.length;
      const precision = found.length / duplicates.length;
      expect(recall).toBeGreaterThanOrEqual(0.95);
      expect(precision).toBeGreaterThanOrEqual(0.95);
    });

    test("keeps newsletters of one series apart, and never merges ham with spam", () => {
      const headlines = rows.filter(({ values }) => String(values["subject"]).startsWith("[use Perl] Headlines for"));
      const { kept, duplicates } = findDuplicates(headlines, rule);
      expect(headlines.length).toBeGreaterThan(20);
      expect(kept.length / headlines.length).toBeGreaterThan(0.9);
      expect(duplicates.every(({ similarity }) => similarity >= rule.nearThreshold)).toBe(true);
      const all = findDuplicates(rows, rule);
      expect(all.duplicates.filter((each) => each.row.values["label"] !== each.of.values["label"])).toEqual([]);
      expect(all.kept.length + all.duplicates.length).toBe(rows.length);
    });
  });
});

/** One message as somebody sends it again: a few words changed, a line added, re-wrapped and shouted, or a tracking number. */
function edit(text: string, kind: number, random: ReturnType<typeof createRandom>): string {
  const words = text.split(" ");
  const changes = Math.max(1, Math.floor(words.length * 0.02));
  if (kind === 0) for (let index = 0; index < changes; index++) words[random.integer(words.length)] = `word${random.integer(1000)}`;
  if (kind === 1) words.push("\n\nSent", "again", "for", String(random.integer(100)));
  if (kind === 2) return words.join("  ").replaceAll("\n", " \n").toUpperCase();
  if (kind === 3) words.splice(random.integer(words.length), changes, `id=${random.integer(1e9)}`);
  return words.join(" ");
}
