import type { Tx } from "../storage/index.ts";

/** An inference somebody judged, with all that says what its right output is. */
export interface JudgedInference {
  readonly id: string;
  /** Its own label, and the newest that was said to be true. */
  readonly label: string | null;
  readonly truth: string | null;
  readonly status: "ok" | "failed";
  /** The newest correction. */
  readonly correction: Record<string, unknown> | null;
  readonly input: Record<string, unknown>;
  readonly output: Record<string, unknown> | null;
  readonly dataClass: string | null;
}

export interface JudgedQuery {
  readonly function: string;
  /** Of the feedback that is looked through. */
  readonly newestItems: number;
  readonly perLabel: number;
  readonly most: number;
  /** Of input and output together: a long one is no example. */
  readonly maxCharacters: number;
}

/**
 * Inferences whose answer was confirmed or corrected lately, newest first, so many of each label. The view knows no drills, shadows
 * have a table of their own, and what only a challenger answered is left out. An erased body is no object, so it is not found.
 */
export async function listJudged(tx: Tx, query: JudgedQuery): Promise<JudgedInference[]> {
  const { rows } = await tx.client.query<JudgedInference>(
    `with items as (
      select id, inference_id, kind, value, occurred_at from feedback_items where project_id = $1 and function = $2 order by id desc limit $3
    ), corrections as (
      select distinct on (inference_id) inference_id, value from items where kind = 'correction' order by inference_id, occurred_at desc, id desc
    ), judged as (
      select inference.id, inference.label, inference.status, truth.label as truth, corrections.value as correction,
        row_number() over (partition by truth.label order by inference.id desc) as place
      from (select distinct inference_id from items where kind in ('label', 'correction')) as said
      join functions_v_inferences as inference on inference.project_id = $1 and inference.id = said.inference_id
      left join feedback_labels as truth on truth.project_id = $1 and truth.inference_id = said.inference_id
      left join corrections on corrections.inference_id = said.inference_id
      where inference.arm is distinct from 'canary'
        and (corrections.value is not null or (inference.status = 'ok' and inference.label = truth.label))
        and (inference.status = 'ok' or inference.status = 'failed')
    )
    select judged.id, judged.label, judged.status, judged.truth, judged.correction, body.input, body.output, body.metadata->>'data_class' as "dataClass"
    from judged join functions_v_bodies as body on body.project_id = $1 and body.id = judged.id
    where judged.place <= $4 and json_typeof(body.input) = 'object' and length(body.input::text) + length(body.output::text) <= $6
    order by judged.id desc limit $5`,
    [tx.projectId, query.function, query.newestItems, query.perLabel, query.most, query.maxCharacters],
  );
  return rows;
}
