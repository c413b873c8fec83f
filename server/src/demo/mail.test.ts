import { beforeAll, describe, expect, test } from "vitest";
import { type Mail, readMails, receivedAt } from "./mail.ts";

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
    mails = await readMails(() => {});
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
});
