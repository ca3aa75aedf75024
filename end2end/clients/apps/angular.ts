// An application in Angular, as the SDK's documentation shows it, compiled in the browser so that it needs no build of its own.
import "zone.js";
import "@angular/compiler";
import { Component, inject, NgModule, NgZone } from "@angular/core";
import { BrowserModule } from "@angular/platform-browser";
import { platformBrowserDynamic } from "@angular/platform-browser-dynamic";
import { RouterModule } from "@angular/router";
import { FronteggAppModule, FronteggAppService, FronteggAuthService } from "@frontegg/angular";

const { clientId, issuer, cdnUrl, hosted, keepSessionAlive } = (window as any).CONFIGURATION;

@Component({
  selector: "app-page",
  template: `
    <main>
      <h1>{{ state.isLoading ? "Loading" : state.isAuthenticated ? "Signed in" : "Signed out" }}</h1>
      <pre id="user">{{ user }}</pre>
      <button (click)="signIn()">Sign in</button>
      <button (click)="auth.logout()">Sign out</button>
      <button (click)="switchAccount()">Switch account</button>
      <button (click)="dispatch('loadUserSessions')">Sessions</button>
      <ul>
        <li *ngFor="let session of sessions" [attr.data-session]="session.id">
          {{ session.impersonated ? "Impersonated" : "Own" }} {{ session.current ? "current" : "" }}
          <button (click)="dispatch('deleteUserSession', { id: session.id })">Revoke</button>
        </li>
      </ul>
    </main>`,
})
class Page {
  auth = inject(FronteggAuthService);
  app = inject(FronteggAppService);
  state: any = {};
  user = "";
  sessions: any[] = [];
  private tried = false;
  // The store changes outside of what Angular watches.
  private zone = inject(NgZone);

  constructor() {
    this.app.authState$.subscribe((state: any) => this.zone.run(() => this.changed(state)));
  }

  private changed(state: any) {
    this.state = { isLoading: state.isLoading, isAuthenticated: state.isAuthenticated, tenantId: state.user?.tenantId };
    this.user = state.user ? JSON.stringify(state.user) : "";
    this.sessions = [...(state.sessionsState?.sessions ?? [])];
    if (!hosted || this.tried || state.isLoading) return;
    this.tried = true;
    if (!state.isAuthenticated && window.location.pathname === "/") this.auth.loginWithRedirect();
  }

  signIn() {
    if (hosted) this.auth.loginWithRedirect();
    else window.location.assign("/account/login");
  }

  switchAccount() {
    this.auth.switchTenant({ tenantId: this.state.tenantId === "client-works" ? "client-works-east" : "client-works" });
  }

  dispatch(type: string, payload?: unknown) {
    this.app.fronteggApp.store.dispatch({ type: `auth/${type}`, payload });
  }
}

@Component({ selector: "app-root", template: `<router-outlet></router-outlet>` })
class Root {
  // Made before the router looks at the address, for it adds the routes of the SDK.
  app = inject(FronteggAppService);
}

@NgModule({
  declarations: [Root, Page],
  imports: [
    BrowserModule,
    RouterModule.forRoot([{ path: "", component: Page }]),
    FronteggAppModule.forRoot({
      contextOptions: { baseUrl: issuer, clientId },
      cdnUrl,
      hostedLoginBox: hosted,
      authOptions: { keepSessionAlive },
    } as any),
  ],
  bootstrap: [Root],
})
class Application {}

document.getElementById("app")!.append(document.createElement("app-root"));
void platformBrowserDynamic().bootstrapModule(Application);
