-- Which impersonations came from a portal session: they end when it is signed out.
CREATE INDEX hand_off_codes_operator_session ON hand_off_codes (operator_session_id);
