import type { Tx } from "../storage/index.ts";

/** Keeps a configuration; answers whether it was new. */
export async function insertConfig(tx: Tx, config: { hash: string; document: unknown; at: string }): Promise<boolean> {
  const { rowCount, rows } = await tx.client.query(
    "insert into core_configs (project_id, hash, document, first_seen_at) values ($1, $2, $3::jsonb, $4) on conflict do nothing returning hash",
    [tx.projectId, config.hash, JSON.stringify(config.document), config.at],
  );
  return rows.length > 0 && rowCount > 0;
}
