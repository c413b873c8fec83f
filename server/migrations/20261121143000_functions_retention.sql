-- When the time of an hour's bodies, or of the hour as a whole, was over: from then on its files are all there is.
alter table functions_hours add column bodies_dropped_at timestamptz;
alter table functions_hours add column dropped_at timestamptz;
