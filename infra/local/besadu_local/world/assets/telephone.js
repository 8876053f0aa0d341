// The screen works without this file, by reloading. With it, keys can be tapped and the microphone recorded.
"use strict";

const desk = document.querySelector(".desk");
const thread = () => document.getElementById("thread");
const toEnd = () => { thread().scrollTop = thread().scrollHeight; };

async function refresh() {
  const answer = await fetch(desk.dataset.screen, { cache: "no-store" }).catch(() => null);
  if (!answer || !answer.ok) return;
  const fresh = document.createElement("template");
  fresh.innerHTML = await answer.text();
  for (const part of fresh.content.querySelectorAll("[data-part]")) {
    const shown = document.getElementById(part.id);
    // Keys half pressed and a recording that plays stay as they are.
    const same = shown.innerHTML === part.innerHTML;
    const busy = [...shown.querySelectorAll("audio")].some((player) => !player.paused);
    if (same || busy || (part.id === "keys" && shown.dataset.doing === part.dataset.doing && shown.querySelector("input")?.value)) continue;
    shown.replaceWith(part);
    if (part.id === "keys") prepare();
    if (part.id !== "time" && part.id !== "people") toEnd(); // the keypad takes room from the talk
  }
}

async function post(target, data) {
  const answer = await fetch(target, { method: "POST", body: data }).catch(() => null);
  if (!answer || !answer.ok) {
    const page = answer ? new DOMParser().parseFromString(await answer.text(), "text/html") : null;
    alert(page?.querySelector("[role=alert]")?.textContent ?? "Tidak tersambung.");
  }
  const keys = document.querySelector("#keys input");
  if (keys) keys.value = "";
  await refresh();
}

document.addEventListener("submit", (event) => {
  if (!event.target.closest("#keys")) return;
  event.preventDefault();
  if (!wide) document.querySelector(".side").open = false;
  post(event.target.action, new FormData(event.target, event.submitter));
});

document.addEventListener("click", (event) => {
  const key = event.target.dataset?.key;
  if (!key) return;
  const form = event.target.form;
  if (key === "#") form.requestSubmit();
  else form.elements.digits.value += key;
});

let recorder = null;
async function talk(event) {
  const button = event.target;
  if (recorder) { recorder.stop(); return; }
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true }).catch(() => null);
  if (!stream) { alert("Mikrofon tidak dapat dipakai."); return; }
  const type = ["audio/ogg;codecs=opus", "audio/mp4"].find((each) => MediaRecorder.isTypeSupported(each));
  const pieces = [];
  recorder = new MediaRecorder(stream, type ? { mimeType: type } : {});
  recorder.ondataavailable = (piece) => pieces.push(piece.data);
  recorder.onstop = () => {
    stream.getTracks().forEach((track) => track.stop());
    const data = new FormData();
    data.append("file", new Blob(pieces, { type: recorder.mimeType }), "rekaman");
    recorder = null;
    post(button.form.action, data);
  };
  recorder.start();
  button.textContent = "■ Selesai bicara";
}

function prepare() {
  const button = document.getElementById("record");
  if (!button || !navigator.mediaDevices || !window.MediaRecorder) return;
  button.hidden = false;
  button.addEventListener("click", talk);
}

const wide = matchMedia("(min-width: 48.01rem)").matches;
document.querySelector(".side").open = wide || !document.querySelector("#thread article");
prepare();
toEnd();
setInterval(() => { if (!document.hidden && !recorder) refresh(); }, 1500);
