// The command palette and the keys of the portal. Loaded when one of them is first used, so that it costs a page nothing.
const environment = () => location.pathname.split("/")[1];
const at = (path) => `/${environment()}/${path}`;

const PAGES = [
  ["users", "Users", "g u"],
  ["accounts", "Accounts", "g c"],
  ["applications", "Applications", "g a"],
  ["roles", "Roles", "g r"],
  ["impersonation", "Impersonation", "g i"],
  ["overview", "Overview", "g v"],
  ["audit", "Audit trail", "g t"],
  ["keys", "Keys", "g k"],
  ["operators", "Operators", "g o"],
  ["environments", "Environments", "g e"],
];
const ACTIONS = [
  ["users/new", "New user"],
  ["accounts/new", "New account"],
  ["applications/new", "New application"],
  ["roles/new", "New role"],
];
const KEYS = [
  ["Ctrl K", "Find anything"],
  ["/", "Search the list"],
  ["j, k", "Next and previous row"],
  ["Enter", "Open the row"],
  ["i", "Impersonate the user of the row"],
  ["?", "These keys"],
];

const made = (name, text, more = {}) => {
  const element = document.createElement(name);
  if (text) element.textContent = text;
  for (const [key, value] of Object.entries(more)) element.setAttribute(key, value);
  return element;
};
/** Only pages that the navigation of this operator has, or that are no page of it. */
const isThere = (path) => {
  const link = document.querySelector(`.nav a[href="${at(path.split("/")[0])}"]`);
  return Boolean(link);
};

let dialog;
export const open = () => {
  if (dialog?.open) return dialog.close();
  dialog = made("dialog", "", { class: "palette", "aria-label": "Find anything", closedby: "any" });
  const input = made("input", "", {
    type: "text",
    class: "palette-input",
    role: "combobox",
    "aria-expanded": "true",
    "aria-controls": "palette-list",
    "aria-autocomplete": "list",
    "aria-label": "Find anything",
    placeholder: "User, account, application, page…",
    autocomplete: "off",
    spellcheck: "false",
    maxlength: "200",
  });
  const list = made("div", "", { class: "palette-list", id: "palette-list", role: "listbox", "aria-label": "Found" });
  const foot = made("p", "↑↓ choose · Enter open · Ctrl Enter impersonate · Esc close", { class: "palette-foot dim" });
  dialog.append(input, list, foot);
  document.body.append(dialog);
  dialog.addEventListener("close", () => dialog.remove());
  let options = [];
  let chosen = 0;
  let asked;

  const choose = (wanted) => {
    if (!options.length) return input.removeAttribute("aria-activedescendant");
    chosen = (wanted + options.length) % options.length;
    options.forEach((option, index) => option.setAttribute("aria-selected", String(index === chosen)));
    options[chosen].scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", options[chosen].id);
  };
  const group = (title, items) => {
    if (!items.length) return;
    const box = made("div", "", { role: "group", "aria-label": title });
    box.append(made("h3", title, { class: "palette-group", "aria-hidden": "true" }));
    for (const item of items) {
      const option = made("a", "", { class: "palette-option", role: "option", id: `found-${options.length}`, href: item.href, tabindex: "-1", rel: "external" });
      const label = made("span", "", { class: "palette-label" });
      label.append(made("bdi", item.label));
      option.append(label);
      if (item.hint) option.append(made("span", item.hint, { class: "palette-hint dim" }));
      if (item.impersonate) option.dataset.impersonate = item.impersonate;
      options.push(option);
      box.append(option);
    }
    list.append(box);
  };
  const show = (typed, found) => {
    options = [];
    list.replaceChildren();
    const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
    const has = (label) => words.every((word) => label.toLowerCase().includes(word));
    const user = ({ id, name, email }) => ({ label: name, hint: email, href: at(`users/${id}`), impersonate: at(`users/${id}?impersonate=1`) });
    group("Impersonated lately", (found?.recent ?? []).map(user));
    group("Users", (found?.users ?? []).map(user));
    group("Accounts", (found?.accounts ?? []).map(({ name, external_id }) => ({ label: name, hint: external_id, href: at(`users?account=${encodeURIComponent(external_id)}`) })));
    group("Applications", (found?.applications ?? []).map(({ id, name, client_id }) => ({ label: name, hint: client_id, href: at(`applications/${id}`) })));
    group("Pages", PAGES.filter(([path, label]) => isThere(path) && has(label)).map(([path, label, keys]) => ({ label, hint: keys, href: at(path) })));
    group("Actions", ACTIONS.filter(([path, label]) => isThere(path) && has(label)).map(([path, label]) => ({ label, href: at(path) })));
    if (!options.length) list.append(made("p", found ? "Nothing found." : "…", { class: "palette-none dim" }));
    choose(0);
  };
  const find = async () => {
    const typed = input.value;
    asked?.abort();
    asked = new AbortController();
    try {
      const answer = await fetch(`${at("find")}?q=${encodeURIComponent(typed)}`, { signal: asked.signal, headers: { accept: "application/json" } });
      if (answer.redirected || answer.status === 401) return location.assign(`/sign-in?return_to=${encodeURIComponent(location.pathname + location.search)}`);
      const found = answer.ok ? await answer.json() : {};
      if (typed === input.value) show(typed, found);
    } catch (error) {
      if (error.name !== "AbortError") show(typed, {});
    }
  };
  const go = (option, impersonates) => {
    if (!option) return;
    location.assign((impersonates && option.dataset.impersonate) || option.href);
  };
  let waiting;
  input.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(find, 80);
  });
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      choose(chosen + step);
    } else if (event.key === "Enter") {
      event.preventDefault();
      go(options[chosen], event.ctrlKey || event.metaKey);
    }
  });
  dialog.showModal();
  input.focus();
  show("", null);
  find();
};

export const help = () => {
  const box = made("dialog", "", { class: "palette keys", "aria-labelledby": "keys-help", closedby: "any" });
  box.append(made("h2", "Keys", { id: "keys-help" }));
  const list = made("dl", "", { class: "facts" });
  for (const [key, does] of [...KEYS, ...PAGES.filter(([path]) => isThere(path)).map(([, label, keys]) => [keys, label])]) {
    const term = made("dt");
    term.append(made("kbd", key));
    list.append(term, made("dd", does));
  }
  const close = made("button", "Close", { type: "button", class: "button small" });
  close.addEventListener("click", () => box.close());
  box.append(list, close);
  box.addEventListener("close", () => box.remove());
  document.body.append(box);
  box.showModal();
};

/** What a key does that is pressed on a page, outside of fields. */
export const pressed = (first, key) => {
  if (key === "?") return help();
  if (first === "g") {
    const page = PAGES.find(([path, , keys]) => keys === `g ${key}` && isThere(path));
    if (page) location.assign(at(page[0]));
    return undefined;
  }
  const links = [...document.querySelectorAll("#main .row-link, #main .person-name")].filter((link) => link.matches("a"));
  const step = { j: 1, k: -1 }[key];
  if (step && links.length) {
    const now = links.indexOf(document.activeElement);
    links[Math.min(Math.max(now + step, 0), links.length - 1)].focus();
  }
  if (key === "i") {
    const row = document.activeElement?.closest("tr, li");
    row?.querySelector('a[href*="impersonate="]:not([aria-disabled=true])')?.click();
  }
  return undefined;
};
