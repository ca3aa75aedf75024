// The newest @frontegg/js, without a framework.
import { provesItself } from "./frontegg";
import { user } from "./support";

for (const method of ["hosted", "embedded"]) {
  provesItself({ id: `js-${method}`, name: `Script ${method === "hosted" ? "Hosted" : "Embedded"}`, user: user("Emil", "Script") });
}
