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

function show() {
  for (const { element, end } of clocks) {
    element.textContent = text(Math.max(0, Math.round((end - performance.now()) / 1000)));
  }
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
