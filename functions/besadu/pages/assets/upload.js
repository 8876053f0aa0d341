/* Sends chosen files straight to the bucket: resumable, in pieces, on after a drop or a closed page.
   Two kinds of page use it. A form with data-upload is the citizen's page: it sends nothing else. A file input with
   data-upload stands in a form of the office or of an agency: its files are sent as soon as they are chosen, and the
   form, which waits for them, names them by id. Plain enough for old phones; without it forms send small files. */
(function () {
  "use strict";
  if (!window.XMLHttpRequest || !window.File || !File.prototype.slice) return;
  var SMALLEST = 256 * 1024, LARGEST = 8 * 1024 * 1024; // bytes of a piece; the bucket wants multiples of the smallest
  var waiting = [], busy = false, idle = [], forms = [];

  function remembered(file, to) { return "besadu-unggah:" + to.memory + ":" + file.name + ":" + file.size + ":" + file.lastModified; }
  function recall(file, to) { try { return JSON.parse(localStorage.getItem(remembered(file, to))); } catch (e) { return null; } }
  function remember(file, to, upload) {
    try {
      if (upload) localStorage.setItem(remembered(file, to), JSON.stringify(upload));
      else localStorage.removeItem(remembered(file, to));
    } catch (e) { /* a phone that keeps nothing begins anew */ }
  }

  function size(bytes) {
    return bytes < 1e6 ? Math.max(1, Math.round(bytes / 1e3)) + " kB" : (bytes / 1e6).toFixed(1).replace(".", ",") + " MB";
  }

  function row(file, list) {
    var item = document.createElement("li"), title = document.createElement("span"), said = document.createElement("span");
    var bar = document.createElement("progress");
    item.className = "row"; title.className = "title"; said.className = "meta";
    title.textContent = file.name; bar.max = file.size || 1; bar.value = 0;
    bar.setAttribute("aria-label", file.name);
    item.appendChild(title); item.appendChild(bar); item.appendChild(said); list.appendChild(item);
    return {
      say: function (text, bad) { said.textContent = text; said.className = bad ? "error" : "meta"; },
      at: function (bytes) { bar.value = bytes; said.className = "meta"; said.textContent = size(bytes) + " dari " + size(file.size); },
      end: function () { bar.value = bar.max; },
      item: item
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

  function json(url, body, then) {
    ask("POST", url, { "Content-Type": "application/json" }, JSON.stringify(body), function (status, xhr) {
      var answer = {};
      try { answer = JSON.parse(xhr.responseText); } catch (e) { /* nothing was said */ }
      then(status, answer);
    });
  }

  /* to: base of the addresses, memory that outlives the page, list that shows, most bytes; kept(row, answer) at the end. */
  function send(file, to, done) {
    var shown = row(file, to.list), tries = 0, piece = 1024 * 1024, upload = recall(file, to);
    if (!file.size) { shown.say("Berkas kosong. Silakan pilih berkas lain.", true); return done(false); }
    if (file.size > to.most) { shown.say("Ukuran berkas paling besar 200 MB. Mohon pilih berkas yang lebih kecil.", true); return done(false); }

    function fail(text) { remember(file, to, null); shown.say(text, true); done(false); }
    function later(again) {
      tries += 1;
      shown.say("Sinyal terputus. Dilanjutkan sendiri" + (navigator.onLine === false ? " saat sinyal kembali." : " sebentar lagi."));
      setTimeout(again, Math.min(1000 * Math.pow(2, Math.min(tries, 6)), 30000) * (0.75 + Math.random() / 2));
    }
    function begin() {
      shown.say("Menyiapkan pengiriman");
      json(to.base + "/mulai", { size: file.size, type: file.type }, function (status, answer) {
        if (status === 0 || status >= 500) return later(begin);
        if (status !== 200) return fail(answer.problem || "Berkas belum dapat dikirim. Muat ulang halaman ini.");
        ask("POST", answer.url, answer.headers, null, function (code, xhr) {
          var place = xhr.getResponseHeader("Location");
          if (code !== 201 || !place) return code === 0 || code >= 500 ? later(begin) : fail("Berkas belum dapat dikirim. Silakan coba lagi.");
          upload = { id: answer.id, place: place };
          remember(file, to, upload);
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
      if (status === 404 || status === 410) { upload = null; remember(file, to, null); return begin(); }
      if (status === 0 || status === 408 || status === 429 || status >= 500) return later(how_far);
      if (status === 412) return finish(); // it is there already
      fail("Berkas belum dapat dikirim. Silakan coba lagi.");
    }
    function finish() {
      shown.end(); shown.say("Memeriksa berkas");
      json(to.base + "/selesai", { id: upload.id, name: file.name, type: file.type }, function (status, answer) {
        if (status === 0 || status >= 500) return later(finish);
        if (status !== 200) return fail(answer.problem || "Berkas belum dapat disimpan. Silakan coba lagi.");
        remember(file, to, null);
        shown.say("Sudah kami terima (" + size(file.size) + ")");
        to.kept(shown, answer);
        done(true);
      });
    }
    if (upload) how_far(); else begin();
  }

  function next() {
    var one, said;
    if (busy) return;
    if (!waiting.length) {
      window.onbeforeunload = null;
      said = idle; idle = [];
      said.forEach(function (then) { then(); });
      return;
    }
    busy = true;
    window.onbeforeunload = function () { return "Berkas masih dikirim."; };
    one = waiting.shift();
    send(one.file, one.to, function (good) { busy = false; if (!good) one.to.form.failed = true; next(); });
  }

  function queue(files, to) {
    for (var i = 0; i < files.length; i += 1) waiting.push({ file: files[i], to: to });
    next();
  }

  function page_of_citizen(form) {
    var base = form.getAttribute("data-upload"), input = form.querySelector("input[type=file]");
    var to = { base: base, memory: base, form: {}, list: document.querySelector("ul.uploads"), most: Number(form.getAttribute("data-most")), kept: function () {} };
    form.addEventListener("submit", function (event) {
      event.preventDefault();
      queue(Array.prototype.slice.call(input.files), to);
      form.reset();
    });
  }

  /* A box named as in a form that comes back: unticked, the file is not used. */
  function tick(shown, name, id) {
    var label = document.createElement("label"), box = document.createElement("input");
    var title = shown.item.querySelector(".title");
    label.className = "choice title"; box.type = "checkbox"; box.name = name; box.value = id; box.checked = true;
    label.appendChild(box); label.appendChild(document.createTextNode(" " + title.textContent));
    shown.item.replaceChild(label, title);
  }

  /* A form is sent when its files are, and stays when one of them was not taken. */
  function waits(form) {
    var state = { of: form, failed: false };
    form.addEventListener("submit", function (event) {
      var button = form.querySelector(".buttons button"), said = button.textContent;
      if (!busy && !waiting.length) return;
      event.preventDefault();
      if (button.disabled) return;
      state.failed = false; button.disabled = true; button.textContent = "Menunggu berkas selesai dikirim…";
      idle.push(function () {
        button.disabled = false; button.textContent = said;
        if (!state.failed) HTMLFormElement.prototype.submit.call(form);
      });
    });
    return state;
  }

  function field_of_staff(input) {
    var list = document.createElement("ul"), name = input.getAttribute("data-kept");
    var to = {
      base: input.getAttribute("data-upload"), memory: location.pathname + ":" + name, list: list, most: Number(input.getAttribute("data-most")),
      form: forms.filter(function (known) { return known.of === input.form; })[0] || waits(input.form),
      kept: function (shown, answer) { tick(shown, name, answer.file); }
    };
    forms.push(to.form);
    list.className = "rows uploads"; list.setAttribute("aria-live", "polite");
    input.parentNode.insertBefore(list, input.nextSibling);
    input.addEventListener("change", function () {
      queue(Array.prototype.slice.call(input.files), to);
      input.value = ""; // the form itself need not carry them
    });
  }

  Array.prototype.forEach.call(document.querySelectorAll("form[data-upload]"), page_of_citizen);
  Array.prototype.forEach.call(document.querySelectorAll("input[data-upload]"), field_of_staff);
})();
