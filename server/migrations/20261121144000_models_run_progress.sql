-- How far a run is: `{ "stage": text, "fraction": 0..1 }`, null unless it trains.
alter table models_runs add column progress jsonb;
