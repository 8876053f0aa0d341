/* Sends chosen files straight to the bucket: resumable, in pieces, on after a drop or a closed page.
   Plain enough for old phones; without it the form sends small files by itself. */
(function () {
  "use strict";
  var form = document.querySelector("form[data-upload]");
  if (!form || !window.XMLHttpRequest || !window.File || !File.prototype.slice) return;
  var input = form.querySelector("input[type=file]");
  var button = form.querySelector("button");
  var list = document.querySelector("ul.uploads");
  var base = form.getAttribute("data-upload"), most = Number(form.getAttribute("data-most"));
  var SMALLEST = 256 * 1024, LARGEST = 8 * 1024 * 1024; // bytes of a piece; the bucket wants multiples of the smallest
  var waiting = [], busy = false;

  function remembered(file) { return "besadu-unggah:" + base + ":" + file.name + ":" + file.size + ":" + file.lastModified; }
  function recall(file) { try { return JSON.parse(localStorage.getItem(remembered(file))); } catch (e) { return null; } }
  function remember(file, upload) {
    try {
      if (upload) localStorage.setItem(remembered(file), JSON.stringify(upload));
      else localStorage.removeItem(remembered(file));
    } catch (e) { /* a phone that keeps nothing begins anew */ }
  }

  function size(bytes) {
    return bytes < 1e6 ? Math.max(1, Math.round(bytes / 1e3)) + " kB" : (bytes / 1e6).toFixed(1).replace(".", ",") + " MB";
  }

  function row(file) {
    var item = document.createElement("li"), title = document.createElement("span"), said = document.createElement("span");
    var bar = document.createElement("progress");
    item.className = "row"; title.className = "title"; said.className = "meta";
    title.textContent = file.name; bar.max = file.size || 1; bar.value = 0;
    bar.setAttribute("aria-label", file.name);
    item.appendChild(title); item.appendChild(bar); item.appendChild(said); list.appendChild(item);
    return {
      say: function (text, bad) { said.textContent = text; said.className = bad ? "error" : "meta"; },
      at: function (bytes) { bar.value = bytes; said.className = "meta"; said.textContent = size(bytes) + " dari " + size(file.size); },
      end: function () { bar.value = bar.max; }
    };
  }

  /* One request; then(status, xhr), with status 0 when nothing was heard. */
  function ask(method, url, headers, body, then, progress) {
    var xhr = new XMLHttpRequest(), name;
    xhr.open(method, url);
    for (name in headers) if (Object.prototype.hasOwnProperty.call(headers, name)) xhr.setRequestHeader(name, headers[name]);
    xhr.timeout = 120000;
    xhr.onload = function () { then(xhr.status, xhr); };
    xhr.onerror = xhr.ontimeout = function () { then(0, xhr); };
    if (progress && xhr.upload) xhr.upload.onprogress = progress;
    xhr.send(body);
  }

  function json(path, body, then) {
    ask("POST", base + path, { "Content-Type": "application/json" }, JSON.stringify(body), function (status, xhr) {
      var answer = {};
      try { answer = JSON.parse(xhr.responseText); } catch (e) { /* nothing was said */ }
      then(status, answer);
    });
  }

  function send(file, done) {
    var shown = row(file), tries = 0, piece = 1024 * 1024, upload = recall(file);
    if (!file.size) { shown.say("Berkas kosong. Silakan pilih berkas lain.", true); return done(); }
    if (file.size > most) { shown.say("Ukuran berkas paling besar 200 MB. Mohon pilih berkas yang lebih kecil.", true); return done(); }

    function fail(text) { remember(file, null); shown.say(text, true); done(); }
    function later(again) {
      tries += 1;
      shown.say("Sinyal terputus. Dilanjutkan sendiri" + (navigator.onLine === false ? " saat sinyal kembali." : " sebentar lagi."));
      setTimeout(again, Math.min(1000 * Math.pow(2, Math.min(tries, 6)), 30000) * (0.75 + Math.random() / 2));
    }
    function begin() {
      shown.say("Menyiapkan pengiriman");
      json("/mulai", { size: file.size, type: file.type }, function (status, answer) {
        if (status === 0 || status >= 500) return later(begin);
        if (status !== 200) return fail(answer.problem || "Berkas belum dapat dikirim. Muat ulang halaman ini.");
        ask("POST", answer.url, answer.headers, null, function (code, xhr) {
          var place = xhr.getResponseHeader("Location");
          if (code !== 201 || !place) return code === 0 || code >= 500 ? later(begin) : fail("Berkas belum dapat dikirim. Silakan coba lagi.");
          upload = { id: answer.id, place: place };
          remember(file, upload);
          put(0);
        });
      });
    }
    function how_far() {
      ask("PUT", upload.place, { "Content-Range": "bytes */" + file.size }, null, heard);
    }
    function put(from) {
      var to = Math.min(from + piece, file.size), began = Date.now();
      shown.at(from);
      ask("PUT", upload.place, { "Content-Range": "bytes " + from + "-" + (to - 1) + "/" + file.size }, file.slice(from, to), function (status, xhr) {
        if (status === 308 || status === 200 || status === 201) {
          // A piece takes a few seconds, on a good line as on a bad one.
          piece = Date.now() - began < 2000 ? Math.min(piece * 2, LARGEST) : Date.now() - began > 15000 ? Math.max(piece / 2, SMALLEST) : piece;
        } else piece = Math.max(piece / 2, SMALLEST);
        heard(status, xhr);
      }, function (event) { shown.at(Math.min(from + event.loaded, to)); });
    }
    function heard(status, xhr) {
      var range;
      if (status === 200 || status === 201) return finish();
      if (status === 308) {
        tries = 0;
        range = /bytes=0-(\d+)/.exec(xhr.getResponseHeader("Range") || "");
        return put(range ? Number(range[1]) + 1 : 0);
      }
      if (status === 404 || status === 410) { upload = null; remember(file, null); return begin(); }
      if (status === 0 || status === 408 || status === 429 || status >= 500) return later(how_far);
      if (status === 412) return finish(); // it is there already
      fail("Berkas belum dapat dikirim. Silakan coba lagi.");
    }
    function finish() {
      shown.end(); shown.say("Memeriksa berkas");
      json("/selesai", { id: upload.id, name: file.name, type: file.type }, function (status, answer) {
        if (status === 0 || status >= 500) return later(finish);
        if (status !== 200) return fail(answer.problem || "Berkas belum dapat disimpan. Silakan coba lagi.");
        remember(file, null);
        shown.say("Sudah kami terima (" + size(file.size) + ")");
        done();
      });
    }
    if (upload) how_far(); else begin();
  }

  function next() {
    if (busy || !waiting.length) { if (!busy) window.onbeforeunload = null; return; }
    busy = true;
    window.onbeforeunload = function () { return "Berkas masih dikirim."; };
    send(waiting.shift(), function () { busy = false; next(); });
  }

  form.addEventListener("submit", function (event) {
    var i;
    event.preventDefault();
    for (i = 0; i < input.files.length; i += 1) waiting.push(input.files[i]);
    form.reset();
    next();
  });
  button.textContent = "Kirim";
})();
