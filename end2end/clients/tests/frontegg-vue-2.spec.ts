// @frontegg/vue 2.0.33, the nearest release to the guide's oldest that the registry has.
import { provesItself } from "./frontegg";
import { user } from "./support";

for (const method of ["hosted", "embedded"]) {
  provesItself({ id: `vue-2-${method}`, name: `Vue 2 ${method === "hosted" ? "Hosted" : "Embedded"}`, user: user("Flo", "Vue") });
}
