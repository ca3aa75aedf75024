// What makes managed pages quick. All of them work without it.
document.addEventListener("DOMContentLoaded", () => {
  const body = document.body;
  const main = () => document.getElementById("main");
  body.dataset.hydrated = "";

  // Says something in the corner, as pages with the browser module do.
  const say = (text, bad) => {
    const toast = document.createElement("p");
    toast.className = bad ? "toast bad" : "toast";
    const words = document.createElement("span");
    words.textContent = text;
    toast.append(words);
    document.querySelector(".toaster")?.append(toast);
    setTimeout(() => toast.remove(), bad ? 9000 : 4000);
  };

  // The colour theme.
  const menu = document.getElementById("theme-menu");
  const choices = ["light", "dark", "system"];
  const themed = () => {
    let now = "system";
    try {
      now = localStorage.getItem("theme") ?? now;
    } catch {
      // A browser that keeps nothing follows the system.
    }
    menu?.querySelectorAll("button").forEach((button, at) => button.setAttribute("aria-pressed", String(choices[at] === now)));
  };
  menu?.querySelectorAll("button").forEach((button, at) =>
    button.addEventListener("click", () => {
      try {
        if (choices[at] === "system") localStorage.removeItem("theme");
        else localStorage.setItem("theme", choices[at]);
      } catch {
        // It holds for this page.
      }
      if (choices[at] === "system") delete document.documentElement.dataset.theme;
      else document.documentElement.dataset.theme = choices[at];
      themed();
    }),
  );
  themed();

  // How many impersonations run, as the stream says.
  const environment = location.pathname.split("/")[1];
  if (environment) window.watchLive?.(`/${environment}/live`);
  addEventListener("understudy:live", (event) => {
    const count = Number(event.detail.split(" ")[0]);
    const link = document.querySelector(`.nav a[href="/${environment}/impersonation"]`);
    let badge = link?.querySelector(".badge");
    if (!count) badge?.remove();
    else if (link) {
      if (!badge) {
        badge = document.createElement("span");
        badge.className = "badge amber";
        link.append(badge);
      }
      badge.textContent = `${count} live`;
    }
  });

  document.addEventListener("click", (event) => {
    const copy = event.target.closest("[data-copy]");
    if (copy) {
      navigator.clipboard?.writeText(copy.dataset.copy).then(() => {
        copy.classList.add("done");
        setTimeout(() => copy.classList.remove("done"), 1600);
      });
    }
    const all = event.target.closest("[data-check-all]");
    if (all) {
      all.closest("form").querySelectorAll(`input[name="${all.dataset.checkAll}"]`).forEach((box) => (box.checked = all.checked));
    }
  });

  // What was typed and not saved stays in this tab, whatever happens to the page: a reload, the way back, another link.
  const key = (form) => `draft ${location.pathname} ${form.getAttribute("action")}`;
  const isKept = (field) => field.name && !["hidden", "password", "submit", "file"].includes(field.type);
  const values = (form) => [...form.elements].filter(isKept).map((field) => [field.name, field.value, field.checked]);
  const keep = (form) => {
    try {
      sessionStorage.setItem(key(form), JSON.stringify(values(form)));
    } catch {
      // Too much, or nothing may be kept: then the page itself is all there is.
    }
  };
  const forget = (form) => {
    try {
      sessionStorage.removeItem(key(form));
    } catch {
      // Nothing was kept.
    }
  };
  const restore = (form) => {
    let kept;
    try {
      kept = JSON.parse(sessionStorage.getItem(key(form)) ?? "null");
    } catch {
      return;
    }
    const fields = [...form.elements].filter(isKept);
    if (!kept || kept.length !== fields.length || kept.some(([name], at) => name !== fields[at].name)) return;
    const changed = fields.filter((field, at) => field.value !== kept[at][1] || field.checked !== kept[at][2]);
    if (!changed.length) return;
    const before = values(form);
    const put = (wanted) =>
      fields.forEach((field, at) => {
        if (field.type !== "checkbox" && field.type !== "radio") field.value = wanted[at][1];
        field.checked = wanted[at][2];
      });
    put(kept);
    const said = document.createElement("p");
    said.className = "notice kept";
    const words = document.createElement("span");
    words.textContent = "What you typed here before is back, and not saved yet. ";
    const drop = document.createElement("button");
    drop.type = "button";
    drop.className = "link";
    drop.textContent = "Discard it";
    drop.addEventListener("click", () => {
      put(before);
      forget(form);
      said.remove();
    });
    said.append(words, drop);
    form.prepend(said);
  };
  const restoreAll = () => main()?.querySelectorAll("form[data-keep]").forEach(restore);
  document.addEventListener("input", (event) => {
    const form = event.target.form;
    if (form?.matches("[data-keep]")) keep(form);
  });

  // A form is sent in place. Where it is refused, the page comes back with the errors; where the sign-in has ended, one signs in
  // above the page, and it is sent again.
  const send = async (form, submitter) => {
    const data = new URLSearchParams(new FormData(form, submitter));
    const headers = { accept: "text/html", "x-in-place": "1" };
    let answer;
    try {
      answer = await fetch(form.getAttribute("action") || location.href, { method: "POST", body: data, headers });
    } catch {
      return say("The server could not be reached. Nothing is lost: try again.", true);
    }
    if (answer.status === 401) return signIn(() => send(form, submitter));
    forget(form);
    if (answer.redirected) {
      if (new URL(answer.url).pathname === "/sign-in") return signIn(() => send(form, submitter));
    }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("main");
    if (!fresh) return say(page.querySelector("h1, p")?.textContent || "This could not be done.", true);
    if (answer.redirected) history.pushState(null, "", answer.url);
    show(page, fresh);
    if (!answer.ok) {
      main().querySelectorAll("form[data-keep]").forEach(keep);
      const wrong = main().querySelector("[aria-invalid=true], .notice.bad");
      wrong?.setAttribute("tabindex", wrong.matches("input, select, textarea") ? "0" : "-1");
      wrong?.focus();
    }
  };
  const show = (page, fresh) => {
    main().replaceWith(document.adoptNode(fresh));
    document.title = page.title;
    const trail = page.querySelector(".breadcrumb");
    if (trail) document.querySelector(".breadcrumb")?.replaceWith(document.adoptNode(trail));
    scrollTo({ top: 0, behavior: "instant" });
    settle();
  };
  const signIn = (then) => {
    const dialog = document.createElement("dialog");
    dialog.className = "sign-in-again";
    dialog.innerHTML = `<form class="form" method="dialog"><h2>Your sign-in has ended</h2>
      <p class="dim">Sign in again to go on. What you entered stays.</p>
      <div class="field"><label class="label" for="in-place-email">E-mail</label>
      <input class="input" id="in-place-email" type="email" autocomplete="username" required></div>
      <div class="field"><label class="label" for="in-place-password">Password</label>
      <input class="input" id="in-place-password" type="password" autocomplete="current-password" required>
      <p class="field-error" role="alert"></p></div>
      <div class="form-foot"><button class="button primary" type="submit">Sign in and go on</button>
      <button class="button" type="button">Cancel</button></div></form>`;
    body.append(dialog);
    const [email, password] = dialog.querySelectorAll("input");
    dialog.querySelector("button[type=button]").addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => dialog.remove());
    dialog.querySelector("form").addEventListener("submit", async (event) => {
      event.preventDefault();
      const fields = new URLSearchParams({ email: email.value, password: password.value, return_to: "/" });
      const answer = await fetch("/rpc/sign-in", { method: "POST", body: fields, headers: { accept: "application/json" } }).catch(() => null);
      if (answer?.ok) {
        dialog.close();
        return then();
      }
      dialog.querySelector(".field-error").textContent =
        answer?.status === 422 ? "The e-mail or the password is wrong." : "This did not work. Wait a moment and try again.";
    });
    dialog.showModal();
  };
  let busy = false;
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (form.method !== "post" || form.target || form.matches("[data-plain]") || !main()?.contains(form)) return;
    event.preventDefault();
    if (busy) return;
    busy = true;
    event.submitter?.setAttribute("aria-busy", "true");
    await send(form, event.submitter);
    event.submitter?.removeAttribute("aria-busy");
    busy = false;
  });

  // A list follows what is typed and chosen above it.
  let waiting;
  const search = async (form) => {
    const words = new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
    const address = form.getAttribute("action") + (words.size ? `?${words}` : "");
    const answer = await fetch(address).catch(() => null);
    const page = answer?.ok && new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page && page.getElementById("main");
    if (!fresh) return location.assign(address);
    history.replaceState(null, "", address);
    const [at, typed] = [document.activeElement?.name, document.activeElement?.value];
    const now = new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
    // Whoever typed on meanwhile has another search on its way.
    if (String(now) !== String(words)) return;
    main().replaceWith(document.adoptNode(fresh));
    const field = at && main().querySelector(`[data-search] [name="${at}"]`);
    field?.focus();
    if (field?.type === "search") {
      field.value = typed;
      field.setSelectionRange(typed.length, typed.length);
    }
  };
  document.addEventListener("input", (event) => {
    const form = event.target.closest("[data-search]");
    if (!form || event.target.type !== "search") return;
    clearTimeout(waiting);
    waiting = setTimeout(() => search(form), 200);
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-send]")) search(event.target.form);
  });

  // What can be said of a field before it is sent.
  const checks = {
    json: (text) => {
      if (!text.trim()) return "";
      try {
        const value = JSON.parse(text);
        return value && typeof value === "object" && !Array.isArray(value) ? "" : "This is no JSON object: it begins with { and ends with }.";
      } catch (error) {
        return `This is no JSON: ${error.message}.`;
      }
    },
    address: (text) => {
      const lines = text.split("\n").map((line) => line.trim()).filter(Boolean);
      for (const [at, line] of lines.entries()) {
        if (lines.indexOf(line) !== at) return `${line} stands here twice.`;
        if (line.includes("*")) return `${line}: write each address out, there are no wildcards.`;
        if (line.includes("#")) return `${line}: an address here has no fragment.`;
        let url;
        try {
          url = new URL(line);
        } catch {
          return `${line} is no address: it begins with https://.`;
        }
        const isLoopback = ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname);
        if (url.protocol === "http:" && !isLoopback) return `${line}: use https, http is for this machine alone.`;
      }
      return "";
    },
  };
  document.addEventListener("input", (event) => {
    const check = checks[event.target.dataset?.check];
    if (!check) return;
    const said = check(event.target.value);
    const line = document.getElementById(`${event.target.id}-error`);
    if (line) {
      line.replaceChildren();
      if (said) {
        const words = document.createElement("span");
        words.textContent = said;
        line.append(words);
      }
    }
    event.target.setAttribute("aria-invalid", String(Boolean(said)));
  });

  // A proposal for a word in addresses, made of a name, until somebody types one.
  document.addEventListener("input", (event) => {
    const target = document.querySelector(`[data-check="slug:${event.target.name}"]`);
    if (event.target.dataset?.check?.startsWith("slug:")) event.target.dataset.typed = "1";
    if (!target || target.dataset.typed || target.defaultValue) return;
    const plain = event.target.value.normalize("NFKD").replace(/[\u0300-\u036f]/g, "").toLowerCase();
    target.value = plain.replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 60);
  });

  const settle = () => {
    restoreAll();
    const zone = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
    document.querySelectorAll("#main time[datetime]").forEach((time) => {
      const at = new Date(time.dateTime);
      if (!Number.isNaN(at.valueOf()) && !time.dataset.zoned) {
        time.title = `${zone.format(at)} (${time.title})`;
        time.dataset.zoned = "1";
      }
    });
    const undo = document.querySelector("[data-done] form");
    if (undo) setTimeout(() => undo.remove(), 10000);
  };
  settle();
  addEventListener("popstate", () => location.reload());
});
