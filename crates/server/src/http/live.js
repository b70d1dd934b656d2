// Makes a page live: reads it anew when the server says that there is something new.
// Everything works without this module; it only saves a person from reloading.

const RENDER_APART_MS = 400;
const LOST_AFTER_MS = 3000;
const live = document.getElementById("live");
let wanted = false;
let busy = false;

const isBusyPerson = () => {
  const at = document.activeElement;
  return at && (at.matches("input, select, textarea") || at.closest("form")) && document.querySelector("main").contains(at);
};

const renew = async () => {
  if (busy || isBusyPerson()) { wanted = true; return; }
  busy = true;
  wanted = false;
  try {
    const answer = await fetch(location.href, { headers: { accept: "text/html" } });
    if (!answer.ok) return;
    const text = await answer.text();
    // While the page was on its way a person may have begun to write: what they wrote would be lost.
    if (isBusyPerson()) { wanted = true; return; }
    const fresh = new DOMParser().parseFromString(text, "text/html");
    const open = new Set([...document.querySelectorAll("main details")].flatMap((it, at) => it.open ? [at] : []));
    const closed = document.querySelectorAll("main details").length;
    const here = document.querySelector("main");
    const there = fresh.querySelector("main");
    if (here.innerHTML !== there.innerHTML) {
      const focused = document.activeElement?.getAttribute?.("href");
      here.replaceChildren(...there.childNodes);
      document.querySelectorAll("main details").forEach((it, at) => { if (at < closed) it.open = open.has(at); });
      if (focused) here.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
    }
    document.title = fresh.title;
    document.getElementById("as-of").replaceWith(fresh.getElementById("as-of"));
  } finally {
    busy = false;
    if (wanted) setTimeout(renew, RENDER_APART_MS);
  }
};

let timer;
const nudge = () => { clearTimeout(timer); timer = setTimeout(renew, RENDER_APART_MS / 2); };
document.addEventListener("focusout", () => { if (wanted) nudge(); });

const events = new EventSource("/live");
let lost;
events.addEventListener("open", () => { clearTimeout(lost); lost = undefined; live.textContent = "live"; nudge(); });
events.addEventListener("record", nudge);
events.addEventListener("error", () => {
  lost ??= setTimeout(() => { live.textContent = "not live: the server does not answer; this page is as of the time above"; }, LOST_AFTER_MS);
});
