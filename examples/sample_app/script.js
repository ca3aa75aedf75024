// Counts down, and asks every two seconds whether the session still stands. The page is complete without it.
"use strict";

const clocks = [...document.querySelectorAll("[data-countdown]")].map((element) => ({
  element,
  kind: element.dataset.countdown,
  end: performance.now() + 1000 * Number(element.dataset.seconds),
}));

const pad = (number) => String(number).padStart(2, "0");

function text(left) {
  const minutes = Math.floor(left / 60);
  if (minutes >= 48 * 60) return `${Math.floor(minutes / 60 / 24)} days`;
  if (minutes >= 60) return `${Math.floor(minutes / 60)}:${pad(minutes % 60)}:${pad(left % 60)}`;
  return `${minutes}:${pad(left % 60)}`;
}

const secondsLeft = (clock) => Math.max(0, Math.round((clock.end - performance.now()) / 1000));

function show() {
  for (const clock of clocks) clock.element.textContent = text(secondsLeft(clock));
  warn();
}

// In its last minute the bar says so, once: whoever works here can still save.
const bar = document.querySelector("[data-warn-below]");

function warn() {
  const clock = clocks.find(({ element }) => bar?.contains(element));
  if (!clock) return;
  const closing = secondsLeft(clock) <= Number(bar.dataset.warnBelow);
  bar.classList.toggle("closing", closing);
  bar.querySelector(".last-minute").hidden = !closing;
}

// A tab that a page opened can close itself; any other stays.
for (const button of document.querySelectorAll("[data-close]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    window.close();
    setTimeout(() => (document.querySelector("[data-close-by-hand]").hidden = false), 300);
  });
}

async function ask() {
  try {
    const answer = await fetch("state", { cache: "no-store" });
    if (!answer.ok) return;
    const state = await answer.json();
    if (!state.active) {
      location.replace(location.pathname);
      return;
    }
    const seconds = { session: state.session_seconds, token: state.token_seconds };
    for (const clock of clocks) {
      const left = seconds[clock.kind];
      if (left !== null && left !== undefined) clock.end = performance.now() + 1000 * left;
    }
  } catch {
    // The application cannot be reached: the next try tells more.
  }
}

if (clocks.length > 0) {
  setInterval(show, 500);
  setInterval(ask, 2000);
}
