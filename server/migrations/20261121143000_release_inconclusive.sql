-- A stage whose requests did not come in its time ends a retraining as inconclusive.
alter table release_retrainings drop constraint release_retrainings_stage_check;
alter table release_retrainings add constraint release_retrainings_stage_check
  check (stage in ('curate', 'train', 'evaluate', 'gate', 'shadow', 'canary', 'promoted', 'rolled-back', 'inconclusive', 'stopped', 'failed'));
