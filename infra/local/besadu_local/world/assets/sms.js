// The screen works without this file, by reloading. With it, new texts appear by themselves and the length is counted.
"use strict";

const desk = document.querySelector(".desk");
const form = document.querySelector(".compose");
const words = form.elements.text;
const count = document.getElementById("count");
const thread = () => document.getElementById("thread");
const atEnd = (box) => box.scrollHeight - box.scrollTop - box.clientHeight < 120;
const toEnd = () => { thread().scrollTop = thread().scrollHeight; };

async function refresh(moveDown) {
  if (document.hidden && !moveDown) return;
  const answer = await fetch(desk.dataset.screen, { cache: "no-store" }).catch(() => null);
  if (!answer || !answer.ok) return;
  const fresh = document.createElement("template");
  fresh.innerHTML = await answer.text();
  for (const part of fresh.content.querySelectorAll("[data-part]")) {
    const shown = document.getElementById(part.id);
    if (shown.innerHTML === part.innerHTML) continue;
    const follow = part.id === "thread" && (moveDown || atEnd(shown));
    shown.replaceWith(part);
    if (follow) toEnd();
  }
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const answer = await fetch(form.action, { method: "POST", body: new FormData(form) }).catch(() => null);
  if (!answer || !answer.ok) {
    const page = answer ? new DOMParser().parseFromString(await answer.text(), "text/html") : null;
    alert(page?.querySelector("[role=alert]")?.textContent ?? "Tidak terkirim.");
    return;
  }
  words.value = "";
  changed();
  await refresh(true);
  words.focus();
});

// The alphabet of an SMS: one sign outside it, and every sign takes twice as much and more.
const basic = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZ"
  + "ÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
const extended = "\f^{}\\[~]|€";

function changed() {
  const signs = [...words.value];
  const plain = signs.every((sign) => basic.includes(sign) || extended.includes(sign));
  const costs = signs.map((sign) => (plain ? (extended.includes(sign) ? 2 : 1) : sign.length));
  const units = costs.reduce((sum, cost) => sum + cost, 0);
  const [single, part] = plain ? [160, 153] : [70, 67];
  let segments = 1;
  if (units > single) {
    let filled = 0;
    for (const cost of costs) {
      if (filled + cost > part) { segments += 1; filled = 0; }
      filled += cost;
    }
  }
  count.textContent = units ? `${segments} SMS · ${units}` : "";
  count.classList.toggle("many", segments > 1);
  words.style.height = "auto";
  words.style.height = `${words.scrollHeight + 2}px`;
}
words.addEventListener("input", changed);
words.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    form.requestSubmit();
  }
});

if (matchMedia("(min-width: 48.01rem)").matches) document.querySelector(".side").open = true;
toEnd();
setInterval(refresh, 1500, false);
