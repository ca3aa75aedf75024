-- Who has a role is counted on its page, and looked for where it is removed.
CREATE INDEX membership_roles_role ON membership_roles (role_id);
