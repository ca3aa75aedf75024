// The newest @frontegg/react, in both login methods.
import { provesItself } from "./frontegg";
import { user } from "./support";

for (const method of ["hosted", "embedded"]) {
  provesItself({ id: `react-${method}`, name: `React ${method === "hosted" ? "Hosted" : "Embedded"}`, user: user("Cleo", "React") });
}
