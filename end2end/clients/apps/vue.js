// An application in Vue, as the SDK's documentation shows it. One source for an old release and the newest.
import { computed, createApp, ref, watch } from "vue";
import { createRouter, createWebHistory } from "vue-router";
import { Frontegg, mapAuthActions, useFrontegg } from "@frontegg/vue";

const { clientId, issuer, cdnUrl, hosted, keepSessionAlive } = window.CONFIGURATION;

/** The account in which the user does not work now. */
const other = (user) => (user?.tenantId === "client-works" ? "client-works-east" : "client-works");

const Page = {
  setup() {
    const { authState, fronteggLoaded, loginWithRedirect } = useFrontegg();
    const heading = computed(() => (authState.isLoading ? "Loading" : authState.isAuthenticated ? "Signed in" : "Signed out"));
    const sessions = ref([]);
    const read = () => (sessions.value = [...(authState.sessionsState?.sessions ?? [])]);
    // Old releases tell Vue of what changed deep inside, newer ones give a promise.
    watch(() => authState.sessionsState, read, { deep: true });
    const act = (action) => async (payload) => {
      await mapAuthActions(action)(payload);
      read();
    };
    let tried = false;
    watch(
      () => authState.isLoading,
      (isLoading) => {
        if (!hosted || tried || isLoading) return;
        tried = true;
        if (!authState.isAuthenticated && window.location.pathname === "/") loginWithRedirect();
      },
      { immediate: true },
    );
    return {
      authState,
      heading,
      sessions,
      other,
      loadUserSessions: act("loadUserSessions"),
      deleteUserSession: act("deleteUserSession"),
      signIn: () => (hosted ? loginWithRedirect() : window.location.assign("/account/login")),
    };
  },
  data: () => ({
    logout: mapAuthActions("logout"),
    switchTenant: mapAuthActions("switchTenant"),
  }),
  template: `
    <main>
      <h1>{{ heading }}</h1>
      <pre id="user">{{ authState.user && JSON.stringify(authState.user) }}</pre>
      <button @click="signIn()">Sign in</button>
      <button @click="logout()">Sign out</button>
      <button @click="switchTenant({ tenantId: other(authState.user) })">Switch account</button>
      <button @click="loadUserSessions()">Sessions</button>
      <ul>
        <li v-for="{ id, current, impersonated } in sessions" :key="id" :data-session="id">
          {{ impersonated ? "Impersonated" : "Own" }} {{ current ? "current" : "" }}
          <button @click="deleteUserSession({ id })">Revoke</button>
        </li>
      </ul>
    </main>`,
};

const routes = [{ path: "/:any(.*)*", component: Page }];
const router = createRouter({ history: createWebHistory(), routes });
createApp({ template: "<router-view />" })
  .use(router)
  .use(Frontegg, { contextOptions: { baseUrl: issuer, clientId }, cdnUrl, hostedLoginBox: hosted, authOptions: { keepSessionAlive }, router })
  .mount("#app");
