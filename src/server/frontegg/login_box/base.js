// The login box of the Frontegg SDKs, for Understudy.
//
// The npm packages hold a store and a REST client. What drives them is a script that they load at run time from their
// `cdnUrl`: it finishes a hosted sign-in, shows the form of an embedded one, and keeps or ends the session. This is that
// script, written from what the packages call, for versions 6.74 to 7.x. It needs nothing else, evaluates nothing, sets
// no inline style and no inline handler: a page's Content-Security-Policy only has to allow this script's origin.
(() => {
  "use strict";

  const HAND_OFF = /^uho_/;
  const ARRIVING = "understudy.arriving";
  const PROVING = "understudy.proving";

  // ---- small helpers -------------------------------------------------------------------------------------------------

  const element = (tag, properties, ...children) => {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  };

  // An address below this page's own origin, or nothing: where somebody else's link leads is not ours to follow.
  const ownAddress = (text) => {
    try {
      const url = new URL(text, location.href);
      return text && url.origin === location.origin ? url.href : undefined;
    } catch {
      return undefined;
    }
  };

  const sentence = (error) => {
    const text = Array.isArray(error) ? error.join(" ") : (error && error.message) || error;
    return text ? String(text) : "The server could not be reached. Check the connection and try again.";
  };

  // Where an operator's tab is to go once it is signed in, kept over the redirects of the sign-in, for this tab only. Storage
  // may be forbidden: then the tab stays where the sign-in ends.
  const arriving = {
    keep(target) {
      try {
        sessionStorage.setItem(ARRIVING, target);
      } catch {}
    },
    take() {
      try {
        const target = sessionStorage.getItem(ARRIVING);
        sessionStorage.removeItem(ARRIVING);
        return ownAddress(target);
      } catch {
        return undefined;
      }
    },
  };

  const base64url = (bytes) =>
    btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

  // What shows, when an operator's tab comes back from Understudy, that it is the tab that went there (RFC 7636): a word that
  // stays in this tab, and its hash, which travels.
  const proof = {
    async make() {
      if (!window.crypto || !crypto.subtle) throw "An operator's session opens over https only, or on this machine.";
      const verifier = base64url(crypto.getRandomValues(new Uint8Array(32)));
      sessionStorage.setItem(PROVING, verifier);
      return base64url(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier))));
    },
    take() {
      const verifier = sessionStorage.getItem(PROVING);
      sessionStorage.removeItem(PROVING);
      return verifier;
    },
  };

  const timeLeft = (seconds) => {
    if (seconds < 60) return `${seconds} s left`;
    const minutes = Math.floor(seconds / 60);
    return minutes === 1 ? "1 minute left" : `${minutes} minutes left`;
  };

  const STYLE = `
    :host { all: initial; color-scheme: light dark; --ink: light-dark(#16181d, #eceef2); --dim: light-dark(#5c6370, #9aa1ad);
      --paper: light-dark(#fff, #17191e); --ground: light-dark(#f4f5f7, #0f1013); --line: light-dark(#d5d8de, #343841);
      --accent: light-dark(#3d4fd6, #8b98ff); --on-accent: light-dark(#fff, #0f1013); --bad: light-dark(#b42318, #ff8a7a);
      --amber: light-dark(#fdf0d5, #3a2c0d); --on-amber: light-dark(#5c3d00, #ffd98a); }
    * { box-sizing: border-box; font: 400 15px/1.5 system-ui, sans-serif; }
    [hidden] { display: none !important; }
    h1 { font-size: 21px; font-weight: 600; margin: 0; }
    p { margin: 0; color: var(--dim); }
    .screen { position: fixed; inset: 0; z-index: 2147483000; overflow: auto; display: grid; place-items: center; padding: 24px;
      background: var(--ground); color: var(--ink); }
    .card { width: min(100%, 380px); display: grid; gap: 16px; padding: 28px; background: var(--paper); border: 1px solid var(--line);
      border-radius: 12px; }
    form { display: grid; gap: 16px; }
    label { display: grid; gap: 4px; font-weight: 500; color: var(--ink); }
    input { width: 100%; padding: 9px 12px; color: inherit; background: var(--paper); border: 1px solid var(--line); border-radius: 8px; }
    button { padding: 9px 16px; font-weight: 500; color: var(--on-accent); background: var(--accent); border: 0; border-radius: 8px;
      cursor: pointer; }
    button:disabled { opacity: .6; cursor: default; }
    :focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
    .problem { color: var(--bad); }
    .bar { position: fixed; z-index: 2147483001; inset: auto 0 12px; margin: 0 auto; width: fit-content; max-width: calc(100% - 24px);
      display: flex; flex-wrap: wrap; align-items: center; gap: 4px 12px; padding: 8px 8px 8px 16px; color: var(--on-amber);
      background: var(--amber); border: 1px solid currentColor; border-radius: 12px; box-shadow: 0 4px 16px #0003; }
    .bar span { overflow-wrap: anywhere; }
    .bar button { padding: 5px 14px; color: var(--amber); background: var(--on-amber); }
  `;
