// The page works without this file, by reloading. With it, new messages appear by themselves and writing does not reload.
"use strict";

const desk = document.querySelector(".desk");
const form = document.querySelector(".compose");
const words = form.elements.text;
const thread = () => document.getElementById("thread");
const atEnd = (box) => box.scrollHeight - box.scrollTop - box.clientHeight < 120;
const toEnd = () => { thread().scrollTop = thread().scrollHeight; };

// A picture that loads late makes the chat longer; who was at its end stays there.
let following = true;
document.addEventListener("scroll", (event) => { if (event.target === thread()) following = atEnd(thread()); }, true);
document.addEventListener("load", (event) => { if (following && thread().contains(event.target)) toEnd(); }, true);

async function refresh(moveDown) {
  if (document.hidden && !moveDown) return;
  const answer = await fetch(desk.dataset.screen, { cache: "no-store" }).catch(() => null);
  if (!answer || !answer.ok) return;
  const fresh = document.createElement("template");
  fresh.innerHTML = await answer.text();
  for (const part of fresh.content.querySelectorAll("[data-part]")) {
    const shown = document.getElementById(part.id);
    if (shown.innerHTML === part.innerHTML) continue;
    const playing = [...shown.querySelectorAll("audio, video")].some((player) => !player.paused);
    if (playing) continue;
    const follow = part.id === "thread" && (moveDown || atEnd(shown));
    shown.replaceWith(part);
    if (follow) toEnd();
  }
}

async function post(target, data) {
  const answer = await fetch(target, { method: "POST", body: data }).catch(() => null);
  if (!answer || !answer.ok) {
    const page = answer ? new DOMParser().parseFromString(await answer.text(), "text/html") : null;
    alert(page?.querySelector("[role=alert]")?.textContent ?? "Tidak terkirim.");
    return false;
  }
  await refresh(true);
  return true;
}

document.addEventListener("submit", async (event) => {
  const sent = event.target;
  if (!sent.matches(".compose, .actions")) return;
  event.preventDefault();
  const data = new FormData(sent, event.submitter);
  if (await post(sent.action, data) && sent === form) {
    const keep = event.submitter?.name === "kind";
    if (!keep) form.reset();
    grow();
    form.querySelector(".attach").open = false;
    words.focus();
  }
});

function grow() {
  words.style.height = "auto";
  words.style.height = `${words.scrollHeight + 2}px`;
}
words.addEventListener("input", grow);
words.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    form.requestSubmit(form.querySelector(".send"));
  }
});

const record = document.getElementById("record");
if (navigator.mediaDevices && window.MediaRecorder) {
  record.hidden = false;
  let recorder = null;
  record.addEventListener("click", async () => {
    if (recorder) { recorder.stop(); return; }
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true }).catch(() => null);
    if (!stream) { alert("Mikrofon tidak dapat dipakai."); return; }
    const type = ["audio/ogg;codecs=opus", "audio/mp4"].find((each) => MediaRecorder.isTypeSupported(each));
    const pieces = [];
    recorder = new MediaRecorder(stream, type ? { mimeType: type } : {});
    recorder.ondataavailable = (event) => pieces.push(event.data);
    recorder.onstop = async () => {
      stream.getTracks().forEach((track) => track.stop());
      const sound = new Blob(pieces, { type: recorder.mimeType });
      recorder = null;
      record.textContent = "● Rekam";
      record.classList.remove("on");
      const data = new FormData();
      data.append("voice", "1");
      data.append("file", sound, "suara.ogg");
      if (await post(form.action, data)) form.querySelector(".attach").open = false;
    };
    recorder.start();
    record.textContent = "■ Kirim rekaman";
    record.classList.add("on");
  });
}

if (matchMedia("(min-width: 48.01rem)").matches) document.querySelector(".side").open = true;
toEnd();
setInterval(refresh, 1500, false);
