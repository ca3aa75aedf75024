// The newest @frontegg/react, in both login methods.
import { goesOnToItsTarget, provesItself, stopsFromTheBar } from "./frontegg";
import { user } from "./support";

const CLEO = user("Cleo", "React");
const HOSTED = { id: "react-hosted", name: "React Hosted", user: CLEO };
const EMBEDDED = { id: "react-embedded", name: "React Embedded", user: CLEO };

for (const application of [HOSTED, EMBEDDED]) {
  provesItself(application);
  stopsFromTheBar(application);
}
goesOnToItsTarget(HOSTED);
