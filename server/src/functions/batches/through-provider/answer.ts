import { AppError } from "../../../core/index.ts";
import type { WorkflowRun } from "../../../jobs/index.ts";
import { type RowsEnd, answerRows } from "../answer-rows.ts";
import type { BatchRecord } from "../repository.ts";
import type { BatchesDeps } from "../types.ts";
import { openKept } from "./ask-kept.ts";
import { keepReplies } from "./keep-replies.ts";
import { pollProvider } from "./poll.ts";
import { type SubmitInput, submitQuestions } from "./submit.ts";
import { writeQuestions } from "./write-questions.ts";

/** Providers take a day at most; who then still does not say that it is over is given up. */
const longestWaitMs = 48 * 3_600_000;

/** The rows' answers through the provider's batch: written, sent, waited for, fetched; then each row as it is always answered. */
export async function answerThroughProvider(run: WorkflowRun, find: () => Promise<BatchRecord>, deps: BatchesDeps): Promise<RowsEnd> {
  const { context } = run;
  const questions = await run.step("functions.batch-questions", async ({ signal }) =>
    writeQuestions({ batch: await find(), context, signal }, deps),
  );
  try {
    const id = await submit(questions, run, { find, deps });
    const replies = id === null ? null : await waitFor(id, run, { find, deps });
    const end = await run.step<RowsEnd>("functions.batch-answers", async ({ signal }) => {
      const batch = await find();
      const askFor = await openKept({ batch, context, questions: questions.hash, replies, id }, deps);
      return answerRows({ batch, context, signal, askFor }, deps);
    });
    // What was said is in the evidence now, where it can be erased.
    await run.step("functions.batch-forget", async () => {
      for (const hash of [questions.hash, replies]) if (hash !== null) await deps.blobs.remove(context, hash);
    });
    return end;
  } finally {
    // Not before its rows are charged: for a moment too much is counted, and never too little.
    deps.gateway!.batches.release((await find()).id);
  }
}

interface Around {
  readonly find: () => Promise<BatchRecord>;
  readonly deps: BatchesDeps;
}

async function submit(questions: SubmitInput["questions"], run: WorkflowRun, { find, deps }: Around): Promise<string | null> {
  const { context } = run;
  for (let attempt = 1; ; attempt++) {
    const sent = await run.step(
      `functions.batch-submit-${attempt}`,
      async ({ signal }) => submitQuestions({ batch: await find(), context, signal, questions }, deps),
      { attempts: 4 },
    );
    if ("id" in sent) return sent.id;
    await run.sleep(deps.config.providerPollMs);
  }
}

async function waitFor(id: string, run: WorkflowRun, { find, deps }: Around): Promise<string> {
  const { context } = run;
  const { providerPollMs } = deps.config;
  for (let look = 1; ; look++) {
    const { ended } = await run.step(`functions.batch-look-${look}`, async ({ signal }) =>
      pollProvider({ batch: await find(), context, signal, id }, deps),
    );
    if (ended) break;
    if (look * providerPollMs > longestWaitMs)
      throw new AppError("provider_failed", `The provider's batch ${id} has no end after two days.`);
    await run.sleep(providerPollMs);
  }
  return run.step("functions.batch-replies", async ({ signal }) => keepReplies({ batch: await find(), context, signal, id }, deps), {
    attempts: 6,
  });
}
