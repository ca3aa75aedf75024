// @frontegg/js 6.74.0, on which the guide's oldest releases are built.
import { provesItself } from "./frontegg";
import { user } from "./support";

for (const method of ["hosted", "embedded"]) {
  provesItself({ id: `js-6-${method}`, name: `Script 6 ${method === "hosted" ? "Hosted" : "Embedded"}`, user: user("Fred", "Script") });
}
