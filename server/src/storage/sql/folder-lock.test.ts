import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { temporaryFolder } from "../../../test/temporary-folder.ts";
import { lockFolder } from "./folder-lock.ts";

let folder: string;
const children: ChildProcess[] = [];
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

/** Another process that takes the lock and keeps it; says what happened. */
async function lockInChild(): Promise<{ child: ChildProcess; said: string }> {
  const code = `import { lockFolder } from ${JSON.stringify(new URL("./folder-lock.ts", import.meta.url).href)};
    await lockFolder(${JSON.stringify(folder)}).then(() => console.log("locked"), (error) => console.log(error.code, error.details.pid));
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", code], { stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  return { child, said: line.toString().trim() };
}

describe("the lock of a data folder", () => {
  test("refuses a second owner in this process, by any name of the folder, until the first lets go", async () => {
    const lock = await lockFolder(join(folder, "data"));
    await symlink(join(folder, "data"), join(folder, "same"));
    for (const name of ["data", "same"]) {
      await expect(lockFolder(join(folder, name))).rejects.toMatchObject({ code: "data_folder_locked", details: { pid: process.pid } });
    }
    await lock.release();
    await lock.release();
    await (await lockFolder(join(folder, "same"))).release();
  });

  test("refuses a second process and names the first", async () => {
    const lock = await lockFolder(folder);
    expect((await lockInChild()).said).toBe(`data_folder_locked ${process.pid}`);
    await lock.release();
    const { child, said } = await lockInChild();
    expect(said).toBe("locked");
    await expect(lockFolder(folder)).rejects.toMatchObject({ code: "data_folder_locked", details: { pid: child.pid } });
  });

  test("ends with its process, however that ends", async () => {
    const { child } = await lockInChild();
    child.kill("SIGKILL");
    await once(child, "exit");
    await (await lockFolder(folder)).release();
  });

  test("of several that start at once, exactly one gets it", async () => {
    const said = (await Promise.all([1, 2, 3, 4].map(() => lockInChild()))).map((each) => each.said.split(" ")[0]);
    expect(said.toSorted()).toEqual(["data_folder_locked", "data_folder_locked", "data_folder_locked", "locked"]);
  });

  test("makes the folder when there is none", async () => {
    await mkdir(join(folder, "deep"));
    await (await lockFolder(join(folder, "deep", "er"))).release();
  });
});
