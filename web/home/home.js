// Shows on each card whether its service works. Everything else stands in the page itself.
"use strict";

const EVERY_MS = 15000;
const PATIENCE_MS = 6000;
const SAID = {
  asked: ["…", "查询中", "Checking"],
  works: ["✓", "正常", "Working"],
  down: ["✕", "不可用", "Unavailable"],
};

const cards = [...document.querySelectorAll("[data-service]")].map((card) => ({
  service: card.dataset.service,
  state: card.querySelector(".state"),
}));

function inEnglish(text) {
  const span = document.createElement("span");
  span.lang = "en";
  span.textContent = text;
  return span;
}

function show(card, state) {
  const [mark, chinese, english] = SAID[state];
  card.state.hidden = false;
  card.state.className = `state ${state}`;
  card.state.replaceChildren(`${mark} ${chinese} `, inEnglish(english));
}

async function stateOf(service) {
  try {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const answer = await fetch(`/api/${service}/v1/health`, { cache: "no-store", credentials: "omit", signal });
    return answer.ok ? "works" : "down";
  } catch {
    return "down";
  }
}

function summarise(states) {
  const living = states.filter((state) => state === "works").length;
  const summary = document.getElementById("summary");
  // Said again only when it changed: a screen reader reads every change aloud.
  if (summary.dataset.living === String(living)) return;
  summary.dataset.living = String(living);
  const all = living === states.length;
  summary.replaceChildren(
    all ? "全部正常 " : `${states.length} 个服务中 ${living} 个正常 `,
    inEnglish(all ? "All are working" : `${living} of ${states.length} are working`),
  );
}

async function look() {
  const states = await Promise.all(
    cards.map(async (card) => {
      const state = await stateOf(card.service);
      show(card, state);
      return state;
    }),
  );
  summarise(states);
}

function lookWhenSeen() {
  if (document.visibilityState === "visible") look();
}

for (const card of cards) show(card, "asked");
look();
setInterval(lookWhenSeen, EVERY_MS);
document.addEventListener("visibilitychange", lookWhenSeen);
