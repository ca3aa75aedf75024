// Four things that the page does for the browser module, small and early enough to stand in the document itself.
//
// What runs, as it changes: a stream while the page is seen, since a browser keeps six connections to a server and no more;
// where the stream is away, a question every few seconds. Each answer becomes an event that the module listens to.
{
  const EVERY = 5000;
  // The page itself comes first.
  const AFTER = 1500;
  let path = "";
  let stream;
  let polling;
  let retrying;
  const tell = (detail) => detail && dispatchEvent(new CustomEvent("understudy:live", { detail }));
  const ask = async () => {
    const asked = path;
    if (!asked || document.hidden) return;
    try {
      const answer = await fetch(`${asked}?once`);
      if (answer.status === 204) return stop();
      if (answer.ok && asked === path) tell(await answer.text());
    } catch {
      // The next question may reach the server.
    }
  };
  const stop = () => {
    stream?.close();
    clearInterval(polling);
    clearTimeout(retrying);
    stream = polling = retrying = undefined;
  };
  const follow = () => {
    stop();
    if (!path || document.hidden) return;
    stream = new EventSource(path);
    stream.onmessage = (message) => {
      clearInterval(polling);
      polling = undefined;
      tell(message.data);
    };
    stream.onerror = () => {
      polling ??= setInterval(ask, EVERY);
      // A browser tries again by itself, unless the answer was no stream at all.
      if (stream?.readyState === EventSource.CLOSED) retrying = setTimeout(follow, 6 * EVERY);
    };
  };
  window.watchLive = (wanted) => {
    path = wanted;
    stop();
    retrying = setTimeout(follow, AFTER);
  };
  window.askLive = ask;
  document.addEventListener("visibilitychange", follow);
  addEventListener("pagehide", stop);
  addEventListener("pageshow", (event) => event.persisted && follow());
}

// Back to a list leads to where one was in it. Browsers do that before the list is there again.
{
  const places = new Map();
  let wanted;
  addEventListener("scroll", () => wanted === undefined && places.set(location.href, scrollY), { passive: true });
  addEventListener("popstate", () => {
    wanted = places.get(location.href) || undefined;
    const until = performance.now() + 3000;
    const settle = () => {
      if (wanted === undefined) return;
      scrollTo({ top: wanted, behavior: "instant" });
      // Once more than it takes: the new page comes in pieces.
      if (performance.now() < until && (scrollY < wanted - 1 || performance.now() < until - 2700)) {
        requestAnimationFrame(settle);
      } else {
        wanted = undefined;
      }
    };
    requestAnimationFrame(settle);
  });
  for (const touched of ["wheel", "touchmove", "keydown", "pointerdown"]) {
    addEventListener(touched, () => (wanted = undefined), { passive: true });
  }
}

// The slash leads to the search box of a list, from anywhere but where one types or what lies above the list.
addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const search = document.querySelector(".toolbar input[type=search]");
  const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
  if (!search || typing || document.querySelector("dialog[open], :popover-open")) return;
  event.preventDefault();
  search.focus();
  search.select();
});

// What finds anything, and the keys: a file that is loaded when one of them is first used.
{
  let first = "";
  const palette = () => import("/palette.js");
  addEventListener("keydown", (event) => {
    if (event.isComposing || event.altKey || event.defaultPrevented) return;
    if (event.ctrlKey || event.metaKey) {
      if (event.key.toLowerCase() === "k" && !event.shiftKey && document.querySelector(".nav")) {
        event.preventDefault();
        palette().then((keys) => keys.open());
      }
      return;
    }
    const elsewhere = event.target.closest?.("input, textarea, select, [contenteditable], dialog, [popover]");
    if (elsewhere || document.querySelector("dialog[open]") || !document.querySelector(".nav")) return;
    const before = first;
    first = event.key === "g" ? "g" : "";
    if (before === "g" || ["j", "k", "i", "?"].includes(event.key)) palette().then((keys) => keys.pressed(before, event.key));
  });
  addEventListener("click", (event) => event.target.closest?.("[data-palette]") && palette().then((keys) => keys.open()));
}
