// The newest @frontegg/angular.
import { provesItself } from "./frontegg";
import { user } from "./support";

for (const method of ["hosted", "embedded"]) {
  provesItself({ id: `angular-${method}`, name: `Angular ${method === "hosted" ? "Hosted" : "Embedded"}`, user: user("Iris", "Angular") });
}
