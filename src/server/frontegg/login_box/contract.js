
  // ---- the contract --------------------------------------------------------------------------------------------------

  window.FronteggLoginBoxInit = (sdk) => {
    const render = (container, { injector, options }) => {
      const box = new LoginBox(sdk, container, injector, options);
      box.start();
      return { unmount: () => box.stop() };
    };
    return { render, renderPage: render };
  };

  // The vendor's settings pages are not here. A user's sessions are, on Understudy's own page.
  window.FronteggAdminPortalInit = () => {
    const render = (container, { options }) => {
      const { baseUrl } = (options && options.contextOptions) || {};
      if (typeof baseUrl !== "string") return { unmount() {} };
      const dialog = element("dialog");
      const link = element("a", { href: `${baseUrl.replace(/\/$/, "")}/account/sessions`, target: "_blank", rel: "noopener" }, "My sessions");
      const close = element("button", { type: "button", textContent: "Close" });
      close.addEventListener("click", () => dialog.close());
      dialog.addEventListener("close", () => dialog.remove());
      dialog.append(element("p", { textContent: "You see and end your sessions on a page of their own:" }), element("p", {}, link), close);
      container.append(dialog);
      dialog.showModal();
      return { unmount: () => dialog.remove() };
    };
    const nothing = () => ({ unmount() {} });
    return { render, renderCheckoutDialog: nothing, themes: {} };
  };
})();
