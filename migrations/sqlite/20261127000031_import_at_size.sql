-- Who is at work at an import: whoever wants to begin another is told.
ALTER TABLE imports ADD COLUMN holder TEXT NOT NULL DEFAULT '';
