import { existsSync, readFileSync } from "node:fs";

const folder = new URL("../../../shared/data/banking77/", import.meta.url);

export interface LabelledText {
  readonly text: string;
  readonly label: string;
}

/** banking77 (CC BY 4.0) where the folder of shared data exists beside the checkout, else null. */
export function readBanking77(): { train: LabelledText[]; test: LabelledText[] } | null {
  if (!existsSync(folder)) return null;
  return { train: readCsv("train.csv"), test: readCsv("test.csv") };
}

function readCsv(name: string): LabelledText[] {
  const text = readFileSync(new URL(name, folder), "utf8");
  const rows: LabelledText[] = [];
  for (const [, quoted, plain, label] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*)),([^\r\n]*)\r?\n?/g)) {
    rows.push({ text: quoted === undefined ? plain! : quoted.replaceAll('""', '"'), label: label! });
  }
  return rows.slice(1).filter((row) => row.label !== "");
}
