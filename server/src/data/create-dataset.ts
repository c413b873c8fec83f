import type { DataContract, DatasetDetail } from "@millrace/contract";
import { AppError, type Clock } from "../core/index.ts";
import type { AuditChange } from "../governance/index.ts";
import type { NewEvent, WorkflowRun } from "../jobs/index.ts";
import type { Sql, Tx } from "../storage/index.ts";
import { type BuildDeps, type BuiltDataset, buildDataset } from "./build-dataset.ts";
import { nextContract } from "./compare/compare-contracts.ts";
import { formatReference, parseReference } from "./reference.ts";
import * as repository from "./repository.ts";
import type { CreateFromRows } from "./types.ts";
import { writeDatasheet } from "./write-datasheet.ts";

export interface CreateDeps extends BuildDeps {
  readonly sql: Sql;
  readonly audit: (tx: Tx, change: AuditChange) => Promise<void>;
  readonly emit: (tx: Tx, event: NewEvent) => Promise<void>;
  readonly clock: Clock;
}

/** Two steps of the caller's workflow: build the files, then publish the version. Answers `name@version`. */
export async function createDataset(rows: CreateFromRows, run: WorkflowRun, deps: CreateDeps): Promise<string> {
  checkRoles(rows);
  const built = await run.step("data.build", async ({ signal }) => {
    const previous = await deps.sql.as(run.context, (tx) => repository.findVersion(tx, rows.name, null));
    const contract = findContract(rows, previous);
    // What is asked for can be refused before the work; what the rows show only after it.
    if (contract !== "infer") checkNext(rows, contract, previous);
    const references = contract === "infer" ? {} : await findReferences(run, contract, deps.sql);
    const result = await buildDataset({ context: run.context, rows, contract, references, now: deps.clock.now(), signal }, deps);
    checkNext(rows, result.report.contract, previous);
    return result;
  });
  return run.step("data.publish", (step) =>
    deps.sql.as(run.context, (tx) => step.once(tx, () => publish(tx, { rows, built, workflowId: run.workflowId }, deps))),
  );
}

/** Refuses columns whose role contradicts itself. `invalid_request`. */
export function checkRoles(rows: Pick<CreateFromRows, "timeColumn" | "labelColumn" | "keyColumn" | "featureColumns" | "split">): void {
  const { featureColumns } = rows;
  if (rows.split?.kind === "time" && rows.timeColumn === undefined)
    throw new AppError("invalid_request", "A split by time needs `timeColumn`; name one, or ask for another kind of split.");
  const doubled = featureColumns.find((name, index) => featureColumns.indexOf(name) !== index);
  if (doubled !== undefined) throw new AppError("invalid_request", `The feature column "${doubled}" is named twice.`);
  for (const [role, name] of [
    ["time", rows.timeColumn],
    ["label", rows.labelColumn],
    ["key", rows.keyColumn],
  ] as const) {
    if (name !== undefined && featureColumns.includes(name)) {
      throw new AppError(
        "invalid_request",
        `The ${role} column "${name}" cannot be a feature: a model that sees it learns the answer, not the task.`,
        { details: { column: name } },
      );
    }
  }
}

function checkNext(rows: CreateFromRows, contract: DataContract, previous: repository.StoredVersion | null) {
  return nextContract(previous, contract, { isInferred: rows.contract === "infer", allowBreaking: rows.breaking === true });
}

/** The snapshots that columns refer to. `unknown_dataset`, `invalid_request`. */
async function findReferences(run: WorkflowRun, contract: DataContract, sql: Sql) {
  const references: Record<string, { hash: string; column: string }> = {};
  for (const { name, type, reference } of contract.columns) {
    if (reference === undefined) continue;
    const wanted = parseReference(reference.dataset);
    const found = await sql.as(run.context, (tx) => repository.findVersion(tx, wanted.name, wanted.version));
    if (found === null)
      throw new AppError("unknown_dataset", `The column "${name}" refers to ${reference.dataset}, and there is no such dataset.`);
    const other = found.contract.columns.find((column) => column.name === reference.column);
    if (other?.type !== type)
      throw new AppError(
        "invalid_request",
        `The column "${name}" (${type}) refers to "${reference.column}" of ${reference.dataset}, which ${other === undefined ? "has no such column" : `is ${other.type}`}.`,
      );
    references[name] = { hash: found.hash, column: reference.column };
  }
  return references;
}

function findContract(rows: CreateFromRows, previous: repository.StoredVersion | null): DataContract | "infer" {
  if (rows.contract !== "inherit") return rows.contract;
  if (previous === null) throw new AppError("unknown_dataset", `"${rows.name}" has no version yet whose contract could be inherited.`);
  return previous.contract;
}

interface PublishInput {
  readonly rows: CreateFromRows;
  readonly built: BuiltDataset;
  readonly workflowId: string;
}

/** The version, its audit entry and its event, in one transaction. */
async function publish(tx: Tx, { rows, built, workflowId }: PublishInput, deps: CreateDeps): Promise<string> {
  const { report, hash, quarantineHash } = built;
  const previous = await repository.findVersion(tx, rows.name, null);
  const version = await repository.takeVersion(tx, rows.name);
  const reference = formatReference({ name: rows.name, version });
  const lineage: DatasetDetail["lineage"] = {
    sources: rows.sources.map((source) => ({ ...source })),
    workflowId,
    parent: rows.parent ?? null,
    lines: { input: rows.blob, rows: built.linesHash },
  };
  const contractOrigin = rows.contract === "infer" ? "inferred" : rows.contract === "inherit" ? "inherited" : "given";
  const next = checkNext(rows, report.contract, previous);
  const statements = { ...previous?.statements, ...rows.statements };
  const sheet = writeDatasheet({
    ...rows,
    ...next,
    reference,
    hash,
    report,
    lineage,
    contractOrigin,
    statements,
    createdBy: tx.principalId,
    nearThreshold: deps.config.nearDuplicateThreshold,
  });
  const { rows: total, kept, exactDuplicates, nearDuplicates, quarantined } = report;
  const counts = { rows: total, kept, exactDuplicates, nearDuplicates, quarantined };
  await repository.insertVersion(tx, {
    name: rows.name,
    version,
    hash,
    quarantineHash,
    counts,
    detail: {
      description: rows.description,
      timeColumn: rows.timeColumn ?? null,
      labelColumn: rows.labelColumn ?? null,
      featureColumns: [...rows.featureColumns],
      contract: report.contract,
      ...next,
      rules: [...report.rules],
      labels: report.labels.map((each) => ({ ...each })),
      quarantine: report.quarantine.map((each) => ({ ...each })),
      split: report.split,
      splits: report.splits.map((each) => ({ ...each })),
      leakage: { ...report.leakage },
      lineage,
      groups: [...report.groups],
      datasheet: sheet.text,
      statements,
      gaps: sheet.gaps,
    },
  });
  await deps.audit(tx, { action: "data.create", object: `dataset:${reference}`, after: { hash, ...counts, workflowId } });
  await deps.emit(tx, { type: "data.dataset-created", subject: reference, payload: { name: rows.name, version, hash, ...counts } });
  return reference;
}
