// The newest @frontegg/vue.
import { provesItself } from "./frontegg";
import { user } from "./support";

for (const method of ["hosted", "embedded"]) {
  provesItself({ id: `vue-${method}`, name: `Vue ${method === "hosted" ? "Hosted" : "Embedded"}`, user: user("Fay", "Vue") });
}
