-- INSERT OR REPLACE deletes the row that is in the way without asking the trigger against deleting. It may be in the way by
-- its key, by its row number, or as the one START or END of a session.
CREATE TRIGGER audit_events_no_replace BEFORE INSERT ON audit_events
WHEN EXISTS (SELECT 1 FROM audit_events WHERE id = NEW.id)
  OR (NEW.rowid <> -1 AND EXISTS (SELECT 1 FROM audit_events WHERE rowid = NEW.rowid))
  OR (NEW.action IN ('impersonation.started', 'impersonation.ended')
    AND EXISTS (SELECT 1 FROM audit_events WHERE session_id = NEW.session_id AND action = NEW.action))
BEGIN
  SELECT RAISE(ABORT, 'audit events are never changed');
END;
