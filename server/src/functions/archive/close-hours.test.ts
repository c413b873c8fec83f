import { expect, test } from "vitest";
import { minuteMs, someHour, useArchive } from "../../../test/archive.ts";
import { createId } from "../../core/index.ts";
import { createLakeInTask } from "../../storage/index.ts";

const archives = useArchive();
const hourMs = 60 * minuteMs;

test("an hour is closed also when a clock that ran ahead for a while had closed a later one", async () => {
  const open = await archives.open();
  const ahead = someHour + 3000 * hourMs;
  open.clock.set(ahead);
  await open.put(1, ahead);
  open.clock.set(ahead + 2 * hourMs);
  expect(await open.archive().closeHours()).toMatchObject({ hours: 1 });
  open.clock.set(someHour);
  await open.put(3, someHour);
  open.clock.set(someHour + 2 * hourMs);
  expect(await open.archive().closeHours()).toEqual({ hours: 1, files: 1, rows: 3 });
  open.clock.set(ahead + 2 * hourMs);
  expect(await open.archive().closeHours()).toEqual({ hours: 0, files: 0, rows: 0 });
});

test("an hour that cannot be written keeps no other project's open", async () => {
  const open = await archives.open();
  const other = { ...open.context, projectId: createId() };
  await open.put(2, someHour);
  await open.put(2, someHour, { projectId: other.projectId });
  open.clock.set(someHour + 2 * hourMs);
  const lake = createLakeInTask({ scratchFolder: open.scratchFolder });
  const broken: typeof lake = {
    ...lake,
    async writeParquet(input, options) {
      if (input.folder.includes(open.context.projectId)) throw new Error("no space left");
      return lake.writeParquet(input, options);
    },
  };
  await expect(open.archive({ lake: broken }).closeHours()).rejects.toThrow("no space left");
  expect(await open.archive().files(other, { kind: "inferences" })).toMatchObject([{ rows: 2 }]);
});

test("a run that is cut off between a late file and its audit entry is made up for by the next", async () => {
  const open = await archives.open();
  await open.put(3, someHour);
  open.clock.set(someHour + 2 * hourMs);
  await open.archive().closeHours();
  await open.put(2, someHour + minuteMs);
  const cut = { ...open.governance, audit: () => Promise.reject(new Error("killed")) };
  await expect(open.archive({ governance: cut }).closeHours()).rejects.toThrow("killed");
  expect(await open.archive().files(open.context, { kind: "inferences" })).toHaveLength(2);
  await open.archive().closeHours();
  const { items } = await open.governance.auditLog.list(open.context, { limit: 10, action: "functions.export-evidence" });
  const audited = items.map((entry) => (entry.after as { files: { rows: number }[] }).files.map((file) => file.rows).toSorted());
  expect(audited).toEqual([[2, 3], [3]]);
});
