-- Of a batch that is asked through a provider's batch API: the target, what becomes of rows without an answer, when it was sent, and
-- the provider's id and word. Null: each row is asked by itself.
alter table functions_batches add column provider json;
