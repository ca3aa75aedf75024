
  // ---- one login box -------------------------------------------------------------------------------------------------

  class LoginBox {
    constructor(sdk, container, injector, options) {
      this.sdk = sdk;
      this.injector = injector;
      this.store = injector.store;
      this.options = options || {};
      this.cleanUps = [];
      const host = element("div");
      container.append(host);
      this.root = host.attachShadow({ mode: "open" });
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(STYLE);
      this.root.adoptedStyleSheets = [sheet];
      this.screen = element("div", { className: "screen", hidden: true });
      this.bar = element("div", { className: "bar", hidden: true });
      this.bar.setAttribute("role", "status");
      this.root.append(this.screen, this.bar);
      this.cleanUps.push(() => host.remove());
    }

    start() {
      document.body.classList.remove("frontegg-loading");
      this.setRedirect();
      this.cleanUps.push(this.store.subscribe(() => this.changed()));
      this.watchRoute();
      if (this.landed()) return;
      this.routed();
      this.changed();
      // Nobody else ends the first wait of a hosted application: its packages leave that to the login box.
      const first = this.options.authOptions?.hostedLoginOptions?.loadUserOnFirstLoad;
      if (this.hosted && !this.redeeming && !first && !this.auth.isAuthenticated) this.set({ isLoading: false });
    }

    stop() {
      clearTimeout(this.timer);
      clearInterval(this.clock);
      for (const cleanUp of this.cleanUps) typeof cleanUp === "function" && cleanUp();
    }

    get auth() {
      return this.store.getState().auth;
    }

    get hosted() {
      return Boolean(this.options.hostedLoginBox ?? this.auth.hostedLoginBox);
    }

    get issuer() {
      const { baseUrl } = this.options.contextOptions || {};
      return typeof baseUrl === "string" ? baseUrl : "";
    }

    get routes() {
      return this.auth.routes || {};
    }

    get route() {
      if (this.options.urlStrategy === "hash") return location.hash.slice(1).split("?")[0];
      const base = (this.options.basename || "").replace(/\/$/, "");
      return base && location.pathname.startsWith(base) ? location.pathname.slice(base.length) : location.pathname;
    }

    dispatch(type, payload) {
      this.store.dispatch({ type: `auth/${type}`, payload });
    }

    set(state) {
      this.dispatch("setState", state);
    }

    // The SDK's own client adds the address, the token and the cookies.
    call(method, path, body) {
      const client = this.injector.fetchClient;
      if (client) return client[method.toLowerCase()](path, body);
      return this.sdk.FronteggRestApi.fetch[method](path, body);
    }

    // ---- where the page is

    // Wrappers for frameworks bring their router; the plain package has none, and forgets ours when it signs out.
    setRedirect() {
      const go = (path, how) => {
        if ((how && how.refresh) || /^https?:/.test(path)) return location.assign(path);
        history[how && how.replace ? "replaceState" : "pushState"](null, "", path);
        dispatchEvent(new PopStateEvent("popstate", { state: history.state }));
      };
      this.go = this.options.onRedirectTo || go;
      if (!this.options.onRedirectTo) this.sdk.FronteggRestApi.ContextHolder?.setOnRedirectTo?.(go);
      this.keepRedirect();
    }

    keepRedirect() {
      if (this.auth.onRedirectTo !== this.go) this.set({ onRedirectTo: this.go });
    }

    watchRoute() {
      const seen = () => queueMicrotask(() => this.routed());
      addEventListener("popstate", seen);
      addEventListener("hashchange", seen);
      this.cleanUps.push(() => removeEventListener("popstate", seen), () => removeEventListener("hashchange", seen));
      for (const name of ["pushState", "replaceState"]) {
        const original = history[name];
        const wrapped = function (...values) {
          const result = original.apply(this, values);
          seen();
          return result;
        };
        history[name] = wrapped;
        this.cleanUps.push(() => {
          if (history[name] === wrapped) history[name] = original;
        });
      }
    }

    routed() {
      if (this.handing || this.ended) return;
      const { routes, route } = this;
      if (this.hosted && route === routes.hostedLoginRedirectUrl) this.finishHosted();
      if (route === routes.logoutUrl && !this.leaving) {
        this.leaving = true;
        this.dispatch("logout", () => {
          this.leaving = false;
          this.go(this.hosted ? routes.authenticatedUrl || "/" : routes.loginUrl || "/", { replace: true });
        });
      }
      this.showForm();
      this.goOn();
    }

    // ---- hosted sign-in

    finishHosted() {
      const query = new URLSearchParams(location.search);
      const code = query.get("code");
      if (code && code !== this.redeeming) {
        this.redeeming = code;
        // A code works once, and a second use counts as theft: a reload must not send it again.
        this.forget("code", "state", "iss");
        this.dispatch("handleHostedLoginCallback", { code, metadata: this.options.metadata });
      } else if (query.get("error")) {
        arriving.take();
        const again = element("button", { type: "button", textContent: "Sign in again" });
        again.addEventListener("click", () => {
          // From this page the packages refuse to begin: they would take it for a sign-in that is under way.
          history.replaceState(null, "", this.routes.authenticatedUrl || "/");
          this.dispatch("requestHostedLoginAuthorize");
        });
        this.say("You are not signed in", query.get("error_description") || query.get("error"), again);
        this.set({ isLoading: false });
      } else if (!this.redeeming) {
        this.go(this.routes.authenticatedUrl || "/", { replace: true });
      }
    }

    // ---- impersonation: arriving

    // Whether this page was opened to begin an impersonation. `login_hint` is what the portal sends (OpenID Connect
    // Core, section 4); `actorToken` is the vendor's word for the same.
    landed() {
      const query = new URLSearchParams(location.search);
      const hint = query.get("login_hint") || query.get("actorToken") || "";
      const target = ownAddress(query.get("target_link_uri") || query.get("redirectUrl") || "");
      if (!this.hosted && HAND_OFF.test(hint)) {
        this.forgetHint();
        this.handOver(hint, query, target);
        return true;
      }
      if (this.hosted && query.get("iss") && query.get("login_hint")) {
        this.forgetHint();
        // Whoever was signed in here until now is not meant: the sign-in leaves this page, and the next one goes on.
        this.departing = true;
        arriving.keep(target || this.routes.authenticatedUrl || "/");
        this.dispatch("requestHostedLoginAuthorize", { login_hint: query.get("login_hint") });
        return false;
      }
      return false;
    }

    // Takes secrets out of the address: they shall be in no history, no bookmark and no Referer.
    forget(...names) {
      const url = new URL(location.href);
      for (const name of names) url.searchParams.delete(name);
      history.replaceState(history.state, "", url);
    }

    // To where the portal wanted the tab, after the packages have left the address that signs in.
    goOn() {
      if (!this.token || this.departing || this.route === this.routes.hostedLoginRedirectUrl) return;
      const target = arriving.take();
      if (!target || target === location.href) return;
      // Within the page: a hosted application that loads anew is not signed in until it asks again.
      const { pathname, search, hash } = new URL(target);
      this.go(pathname + search + hash, { replace: true });
    }

    forgetHint() {
      this.forget("iss", "login_hint", "actorToken", "impersonatedUserId", "target_link_uri", "code_challenge");
    }

    // The code came in an address, which others may have read. Understudy knows the operator's browser by the portal's cookie:
    // the tab goes there first, and comes back with another code, which works with this tab's proof only.
    async handOver(code, query, target) {
      this.handing = true;
      this.say("Opening the session…", "One moment.");
      try {
        const userId = query.get("impersonatedUserId");
        if (!query.get("code_challenge")) {
          const url = new URL(`${(query.get("iss") || this.issuer).replace(/\/$/, "")}/hand-off/claim`);
          if (!/^https?:$/.test(url.protocol)) throw "The link is incomplete. Start the session again from the portal.";
          url.searchParams.set("code", code);
          url.searchParams.set("code_challenge", await proof.make());
          location.replace(url);
          return;
        }
        const body = { actorToken: code, codeVerifier: proof.take() };
        if (userId) body.impersonatedUserId = userId;
        await this.call("Post", "/identity/resources/impersonation/v1", body);
        // Loaded anew, so that nothing of whoever was here before is left in the page.
        const routes = this.routes;
        const here = [routes.impersonationUrl, routes.loginUrl].includes(this.route) ? undefined : location.href;
        location.replace(target || here || ownAddress(routes.authenticatedUrl) || "/");
      } catch (error) {
        this.say("The session did not open", sentence(error));
      }
    }

    // ---- what the store says

    changed() {
      // The plain package's store tells of each change at once; a burst of them is one change to us.
      if (this.due) return;
      this.due = true;
      queueMicrotask(() => {
        this.due = false;
        if (this.handing || this.ended) return;
        const { user, isAuthenticated } = this.auth;
        this.keepRedirect();
        this.showForm();
        if (this.redeeming && !this.settled && (isAuthenticated || this.route !== this.routes.hostedLoginRedirectUrl)) {
          this.settled = true;
          this.set({ isLoading: false });
        }
        const token = isAuthenticated && user ? user.accessToken : undefined;
        if (token === this.token) return;
        this.token = token;
        // Signed in without leaving: the server says for whom this tab was opened.
        if (token) this.departing = false;
        this.keepAlive(user, token);
        this.watchImpersonation(user, token);
        this.goOn();
      });
    }

    // Times are the token's own length, counted from now: clocks of browsers are wrong.
    keepAlive(user, token) {
      clearTimeout(this.timer);
      if (!token || !user.exp || !user.iat) return;
      const length = user.exp - user.iat;
      const kept = this.options.authOptions?.keepSessionAlive ?? this.auth.keepSessionAlive;
      // Without a refresh token a hosted session cannot be renewed: it may run to its end.
      const renew = kept && (!this.hosted || user.refreshToken) && length > 10;
      const wait = renew ? length * 0.8 : length;
      this.timer = setTimeout(() => {
        if (renew) this.dispatch("requestAuthorize", false);
        else if (user.act) this.end("Its time is over.");
        else this.dispatch("logout");
      }, wait * 1000);
    }

    // ---- impersonation: the bar

    watchImpersonation(user, token) {
      const operator = token && user.act && user.act.sub;
      if (!operator) {
        clearInterval(this.clock);
        this.bar.hidden = true;
        this.shown = undefined;
        return;
      }
      const key = `${user.sid} ${user.sub}`;
      if (this.shown === key) return;
      this.shown = key;
      const left = element("span");
      const stop = element("button", { type: "button", textContent: "Stop" });
      stop.addEventListener("click", () => this.stopImpersonating(stop));
      const name = user.name || user.email || user.sub;
      const says = (who) => `You act as ${name}. Operator: ${who}`;
      const said = element("span", { textContent: says(operator) });
      this.bar.replaceChildren(said, left, stop);
      this.bar.hidden = false;
      this.countDown(left, (who) => (said.textContent = says(who)));
    }

    async countDown(left, name) {
      clearInterval(this.clock);
      try {
        const session = await this.call("Get", "/identity/resources/users/sessions/v1/me/current");
        // The token has the operator's id only.
        if (session.operator) name(session.operator);
        // Against the server's own time, which the token was signed at a moment ago.
        const { iat } = this.auth.user;
        const seconds = Math.floor(Date.parse(session.expires) / 1000) - iat;
        const end = performance.now() + seconds * 1000;
        const tick = () => {
          const rest = Math.ceil((end - performance.now()) / 1000);
          left.textContent = timeLeft(Math.max(rest, 0));
          if (rest <= 0) this.end("Its time is over.");
        };
        tick();
        this.clock = setInterval(tick, 1000);
      } catch {
        left.textContent = "";
      }
    }

    async stopImpersonating(button) {
      button.disabled = true;
      try {
        await this.call("Post", "/identity/resources/auth/v1/logout");
        this.end("You ended it.");
      } catch (error) {
        button.disabled = false;
        button.textContent = "Try again to stop";
        button.title = sentence(error);
      }
    }

    // Covers the page: what is still drawn below belongs to a session that is over.
    end(reason) {
      if (this.ended) return;
      this.ended = true;
      clearTimeout(this.timer);
      clearInterval(this.clock);
      this.bar.hidden = true;
      this.say("The impersonation has ended", `${reason} You can close this tab.`);
    }

    // ---- the screen

    say(title, text, ...more) {
      const heading = element("h1", { textContent: title, tabIndex: -1 });
      const card = element("div", { className: "card" }, heading, element("p", { textContent: text }), ...more);
      card.setAttribute("role", "alert");
      this.screen.replaceChildren(card);
      this.screen.hidden = false;
      this.form = undefined;
      heading.focus();
    }

    showForm() {
      const { isAuthenticated, isLoading, loginState = {} } = this.auth;
      const asked = !this.hosted && this.route === this.routes.loginUrl && !isAuthenticated;
      if (!asked) {
        if (this.form) {
          this.screen.hidden = true;
          this.form = undefined;
        }
        return;
      }
      // A form that appears while it is looked up who is signed in would vanish under somebody's fingers.
      if (!this.form && isLoading) return;
      if (!this.form) this.buildForm();
      const { submit, problem, fields } = this.form;
      submit.disabled = Boolean(loginState.loading);
      submit.textContent = loginState.loading ? "Signing in…" : "Sign in";
      const text = loginState.loading || !loginState.error ? "" : sentence(loginState.error);
      if (problem.textContent !== text) problem.textContent = text;
      problem.hidden = !text;
      for (const field of fields) field.setAttribute("aria-invalid", String(Boolean(text)));
    }

    buildForm() {
      const email = element("input", { type: "text", inputmode: "email", autocapitalize: "none", spellcheck: "false", name: "email", autocomplete: "username", required: true });
      const password = element("input", { type: "password", name: "password", autocomplete: "current-password", required: true });
      const problem = element("p", { className: "problem", id: "problem", hidden: true });
      problem.setAttribute("role", "alert");
      const submit = element("button", { type: "submit", textContent: "Sign in" });
      for (const field of [email, password]) field.setAttribute("aria-describedby", "problem");
      const form = element("form", {}, problem, element("label", {}, "E-mail", email), element("label", {}, "Password", password), submit);
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        this.dispatch("login", { email: email.value.trim(), password: password.value });
      });
      this.screen.replaceChildren(element("div", { className: "card" }, element("h1", { textContent: "Sign in" }), form));
      this.screen.hidden = false;
      this.form = { submit, problem, fields: [email, password] };
      email.focus();
    }
  }
