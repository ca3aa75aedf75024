// @frontegg/react 5.0.24, the oldest release that the guide names.
import { provesItself } from "./frontegg";
import { user } from "./support";

for (const method of ["hosted", "embedded"]) {
  provesItself({ id: `react-5-${method}`, name: `React 5 ${method === "hosted" ? "Hosted" : "Embedded"}`, user: user("Dora", "React") });
}
