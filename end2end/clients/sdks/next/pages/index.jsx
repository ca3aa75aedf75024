// What the application knows of its user: in the browser, and on its own server.
import { getSession } from "@frontegg/nextjs/pages";
// As @frontegg/nextjs exports it, which in old releases brings code for servers along.
import { useAuth } from "@frontegg/react-hooks";

export default function Page({ server }) {
  const { user, isAuthenticated } = useAuth();
  return (
    <main>
      <h1>{isAuthenticated ? "Signed in" : "Signed out"}</h1>
      <pre id="user">{user && JSON.stringify(user)}</pre>
      <pre id="server">{server}</pre>
      <a href="/account/login">Sign in</a> <a href="/account/logout">Sign out</a>
    </main>
  );
}

export async function getServerSideProps(context) {
  const session = await getSession(context.req);
  return { props: { server: session ? JSON.stringify(session.user) : null } };
}
