// An application in React, as the SDK's documentation shows it. One source for the oldest release of the guide and the newest.
import { useEffect } from "react";
import { createRoot } from "react-dom/client";
import {
  FronteggProvider,
  useAuth,
  useAuthActions,
  useLoginWithRedirect,
  useSessionsActions,
  useSessionsState,
  useTenantsActions,
} from "@frontegg/react";

const { clientId, issuer, cdnUrl, hosted, keepSessionAlive } = window.CONFIGURATION;

/** The account in which the user does not work now. */
const other = (user) => (user?.tenantId === "client-works" ? "client-works-east" : "client-works");

// Outside of the component, which the provider mounts anew.
let tried = false;

function Page() {
  const { user, isAuthenticated, isLoading, routes } = useAuth();
  const { logout } = useAuthActions();
  const { sessions } = useSessionsState();
  const { loadUserSessions, deleteUserSession } = useSessionsActions();
  const { switchTenant } = useTenantsActions();
  const loginWithRedirect = useLoginWithRedirect();
  const signIn = () => (hosted ? loginWithRedirect() : window.location.assign(routes.loginUrl));

  // Like most applications that have nothing to show to strangers: it signs in as it opens, but not again after its end.
  useEffect(() => {
    if (!hosted || tried || isLoading) return;
    tried = true;
    if (!isAuthenticated && window.location.pathname === "/") loginWithRedirect();
  }, [isLoading]);

  return (
    <main>
      <h1>{isLoading ? "Loading" : isAuthenticated ? "Signed in" : "Signed out"}</h1>
      <pre id="user">{user && JSON.stringify(user)}</pre>
      <button onClick={signIn}>Sign in</button>
      <button onClick={() => logout()}>Sign out</button>
      <button onClick={() => switchTenant({ tenantId: other(user) })}>Switch account</button>
      <button onClick={() => loadUserSessions()}>Sessions</button>
      <ul>
        {sessions.map(({ id, current, impersonated }) => (
          <li key={id} data-session={id}>
            {impersonated ? "Impersonated" : "Own"} {current && "current"}
            <button onClick={() => deleteUserSession({ id })}>Revoke</button>
          </li>
        ))}
      </ul>
    </main>
  );
}

createRoot(document.getElementById("app")).render(
  <FronteggProvider
    contextOptions={{ baseUrl: issuer, clientId }}
    cdnUrl={cdnUrl}
    hostedLoginBox={hosted}
    authOptions={{ keepSessionAlive }}
  >
    <Page />
  </FronteggProvider>,
);
