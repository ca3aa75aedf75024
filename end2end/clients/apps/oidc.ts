// An application in the browser, written with oidc-client-ts as its documentation shows it: redirects, silent renewal by
// refresh token or in a frame, sign-out, and sign-in that a third party initiates.
import { type User, UserManager } from "oidc-client-ts";

declare global {
  interface Window {
    CONFIGURATION: { clientId: string; issuer: string };
  }
}

const { clientId, issuer } = window.CONFIGURATION;
const here = window.location.origin;
// As an application that says in no frame who it is, and believes whatever comes back: the test's choice, for a tab.
const bare = sessionStorage.getItem("bare") !== null;
const manager = new UserManager({
  authority: issuer,
  client_id: clientId,
  redirect_uri: `${here}/callback`,
  silent_redirect_uri: `${here}/silent`,
  post_logout_redirect_uri: `${here}/signed-out`,
  scope: "openid profile email offline_access",
  loadUserInfo: true,
  // Says in a frame which of the browser's sessions is meant.
  includeIdTokenInSilentRenew: !bare,
  validateSubOnSilentRenew: !bare,
});

const app = document.getElementById("app")!;

function show(user: User | null, note = "") {
  app.innerHTML = `
    <h1>${user ? "Signed in" : "Signed out"}</h1><p id="note"></p><pre id="profile"></pre><pre id="tokens"></pre>
    <button id="sign-in">Sign in</button><button id="renew">Renew</button>
    <button id="frame">Renew in a frame</button><button id="sign-out">Sign out</button>`;
  const fill = (id: string, text: string) => (document.getElementById(id)!.textContent = text);
  fill("note", note);
  fill("profile", user ? JSON.stringify(user.profile) : "");
  fill("tokens", user ? JSON.stringify({ access: user.access_token, id: user.id_token, refresh: user.refresh_token }) : "");
  const on = (id: string, act: () => Promise<unknown>) =>
    document.getElementById(id)!.addEventListener("click", () => act().catch((error) => signedOut(error.message)));
  on("sign-in", () => manager.signinRedirect());
  on("renew", async () => show(await manager.signinSilent(), "renewed"));
  on("frame", async () => show(await manager.signinSilent({ forceIframeAuth: true }), "renewed in a frame"));
  on("sign-out", () => manager.signoutRedirect());
}

/** What an application does when it cannot renew: it has nobody signed in any more. */
async function signedOut(why: string) {
  await manager.removeUser();
  show(null, why);
}

manager.events.addUserLoaded((user) => show(user, "renewed by itself"));
manager.events.addSilentRenewError((error) => void signedOut(error.message));

async function start() {
  const query = new URLSearchParams(window.location.search);
  switch (window.location.pathname) {
    case "/login":
      if (query.get("iss") !== issuer) throw new Error("a sign-in by a stranger");
      return manager.signinRedirect({ login_hint: query.get("login_hint") ?? undefined });
    case "/callback":
      await manager.signinRedirectCallback();
      return window.location.replace("/");
    case "/silent":
      return manager.signinSilentCallback();
    case "/signed-out":
      await manager.signoutRedirectCallback();
      return show(null, "after signing out");
    default:
      return show(await manager.getUser());
  }
}

start().catch((error) => show(null, error.message));
