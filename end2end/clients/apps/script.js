// An application without a framework, on the SDK's core. One source for the oldest release of the guide and the newest.
import { initialize } from "@frontegg/js";

const { clientId, issuer, cdnUrl, hosted, keepSessionAlive } = window.CONFIGURATION;

const app = initialize({
  contextOptions: { baseUrl: issuer, clientId },
  cdnUrl,
  hostedLoginBox: hosted,
  authOptions: { keepSessionAlive },
  onRedirectTo(path, options) {
    if (options?.refresh) return window.location.assign(path);
    window.history[options?.replace ? "replaceState" : "pushState"](null, "", path);
    show();
  },
});
const dispatch = (type, payload) => app.store.dispatch({ type: `auth/${type}`, payload });

/** The account in which the user does not work now. */
const other = (user) => (user?.tenantId === "client-works" ? "client-works-east" : "client-works");

const main = document.getElementById("app");
main.innerHTML = `
  <h1>Loading</h1><pre id="user"></pre>
  <button id="in">Sign in</button><button id="out">Sign out</button>
  <button id="switch">Switch account</button><button id="load">Sessions</button><ul></ul>`;
const on = (id, act) => main.querySelector(`#${id}`).addEventListener("click", act);
on("in", () => (hosted ? app.loginWithRedirect() : window.location.assign("/account/login")));
on("out", () => app.logout());
on("switch", () => dispatch("switchTenant", { tenantId: other(app.store.getState().auth.user) }));
on("load", () => dispatch("loadUserSessions"));

let tried = false;
let shown = "";

function show() {
  const { user, isAuthenticated, isLoading, sessionsState } = app.store.getState().auth;
  main.querySelector("h1").textContent = isLoading ? "Loading" : isAuthenticated ? "Signed in" : "Signed out";
  main.querySelector("#user").textContent = user ? JSON.stringify(user) : "";
  const sessions = JSON.stringify(sessionsState?.sessions ?? []);
  if (sessions !== shown) {
    shown = sessions;
    main.querySelector("ul").replaceChildren(...JSON.parse(sessions).map(item));
  }
  if (hosted && !tried && !isLoading) {
    tried = true;
    if (!isAuthenticated && window.location.pathname === "/") app.loginWithRedirect();
  }
}

function item({ id, current, impersonated }) {
  const row = document.createElement("li");
  row.dataset.session = id;
  row.textContent = `${impersonated ? "Impersonated" : "Own"} ${current ? "current" : ""}`;
  const button = row.appendChild(document.createElement("button"));
  button.textContent = "Revoke";
  button.addEventListener("click", () => dispatch("deleteUserSession", { id }));
  return row;
}

app.ready(show);
app.store.subscribe(show);
