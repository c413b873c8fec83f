import { BaseSequencer, type TestSpecification } from "vitest/node";

/** The longest first, as far as a fresh clone can know: they start whole programs. The corpus is read before others ask for it. */
const first = [
  /\/demo\/mail\.test/,
  /\/e2e\/(hand-over|console|backup|drain|kills)\.test/,
  /\/release\/crash\.test/,
  /\/e2e\//,
  /\/(jobs|batches)\/.*crash\.test/,
  /\/monitoring\.test/,
];

/** Vitest's own order, but that no file which takes as long as many others is left for the end, when the other processors idle. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => rankOf(a) - rankOf(b));
  }
}

function rankOf({ moduleId }: TestSpecification): number {
  const rank = first.findIndex((pattern) => pattern.test(moduleId));
  return rank === -1 ? first.length : rank;
}
