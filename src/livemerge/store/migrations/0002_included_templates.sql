-- The other files that the template of a run included, as they were: explain and replay read them.
ALTER TABLE campaign_run ADD COLUMN included TEXT NOT NULL DEFAULT '{}';  -- JSON: path below templates/ → text
