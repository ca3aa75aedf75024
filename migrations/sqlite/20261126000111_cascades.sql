-- What goes with an application or an environment is found without looking at every browser.
CREATE INDEX browsers_environment ON browsers (environment_id);
CREATE INDEX browser_sessions_application ON browser_sessions (application_id) WHERE application_id IS NOT NULL;
CREATE INDEX browser_uses_application ON browser_uses (application_id);
