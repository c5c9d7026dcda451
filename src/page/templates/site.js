// Search, filters of tables, and copying. Every page works without; nothing here is ever given markup: all text of
// servers becomes text nodes. Parts of the index are scripts beside the pages, loaded as they are needed, so that
// search works from disk too.
"use strict";
(() => {
  const root = document.body.dataset.root;
  const CATEGORIES = ["Read", "Write", "Execute", "Destructive"];
  const RISKS = ["low", "medium", "critical"];
  const SHOWN = 30;

  const make = (name, attributes, ...children) => {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes || {})) element.setAttribute(key, value);
    element.append(...children);
    return element;
  };
  const label = (category, risk) =>
    make("span", { class: "label" }, make("span", { class: "cat " + category.toLowerCase() }, category), make("span", { class: "risk " + risk }, risk));

  // ---- Parts of the index -------------------------------------------------------------------------------
  const waiting = new Map();
  const loaded = new Map();
  window.shard = (name, value) => {
    loaded.set(name, value);
    const resolve = waiting.get(name);
    if (resolve) resolve.done(value);
  };
  const load = (name) => {
    if (loaded.has(name)) return Promise.resolve(loaded.get(name));
    if (waiting.has(name)) return waiting.get(name).promise;
    const entry = {};
    entry.promise = new Promise((done, failed) => {
      entry.done = done;
      const script = make("script", { src: root + "search/" + name + ".js" });
      script.onerror = () => { waiting.delete(name); failed(new Error("a part of the index is missing")); };
      document.head.append(script);
    });
    waiting.set(name, entry);
    return entry.promise;
  };

  // ---- Toggles: at most one of each kind ----------------------------------------------------------------
  const toggles = (box, groups, changed) => {
    const chosen = {};
    groups.forEach(([kind, names], index) => {
      if (index) box.append(make("span", { class: "gap" }));
      for (const name of names) {
        const button = make("button", { type: "button", "aria-pressed": "false", "data-kind": kind }, name);
        button.addEventListener("click", () => {
          const on = button.getAttribute("aria-pressed") !== "true";
          for (const other of box.querySelectorAll(`[data-kind="${kind}"]`)) other.setAttribute("aria-pressed", "false");
          button.setAttribute("aria-pressed", String(on));
          chosen[kind] = on ? name : undefined;
          changed();
        });
        box.append(button);
      }
    });
    return chosen;
  };

  // ---- Search -------------------------------------------------------------------------------------------
  const find = document.getElementById("find");
  if (find) {
    find.hidden = false;
    const input = document.getElementById("q");
    const panel = document.getElementById("panel");
    const hits = document.getElementById("hits");
    const said = document.getElementById("said");
    const box = panel.querySelector(".filters");
    const signal = make("select", { "aria-label": "Signal" }, make("option", { value: "" }, "any signal"));
    const chosen = toggles(box, [["c", [...CATEGORIES].reverse()], ["r", [...RISKS].reverse()]], () => search());
    box.append(make("span", { class: "gap" }), signal);
    signal.addEventListener("change", () => search());
    let asked = 0;
    let selected = -1;

    const words = (text) => text.normalize("NFKC").replace(/(\p{Ll}|\p{N})(\p{Lu})/gu, "$1 $2").toLowerCase().split(/[^\p{L}\p{N}]+/u).filter(Boolean);
    // Where a word's tools stand: the longest prefix that has a part of its own.
    const partsOf = (meta, word) => {
      const exact = [];
      const longer = [];
      for (const part of meta.parts) {
        if (part !== "_" && word.startsWith(part)) exact.push(part);
        else if (part.startsWith(word)) longer.push(part);
      }
      exact.sort((a, b) => b.length - a.length);
      const plain = /^[a-z0-9]/.test(word);
      return (plain ? exact.slice(0, 1) : ["_"]).concat(longer.slice(0, 12));
    };
    const expand = (deltas) => { let id = 0; return deltas.map((delta) => (id += delta)); };
    // Tools that a word fits, with how well: the whole word of a name, its beginning, the server's name.
    const lookup = async (meta, word) => {
      const scores = new Map();
      for (const part of await Promise.all(partsOf(meta, word).map((part) => load("w-" + part)))) {
        for (const [token, [inName, inServer]] of Object.entries(part)) {
          if (!token.startsWith(word)) continue;
          const whole = token === word;
          for (const id of expand(inName)) scores.set(id, Math.max(scores.get(id) || 0, whole ? 6 : 3));
          for (const id of expand(inServer)) scores.set(id, Math.max(scores.get(id) || 0, whole ? 2 : 1));
        }
      }
      return scores;
    };
    const matching = async (meta, labels, text) => {
      const wanted = words(text);
      let scores = null;
      for (const word of wanted) {
        const found = await lookup(meta, word);
        if (!scores) scores = found;
        else for (const [id, score] of scores) found.has(id) ? scores.set(id, score + found.get(id)) : scores.delete(id);
      }
      let ids = scores ? [...scores.keys()] : [...labels].map((_, id) => id);
      if (signal.value) {
        const having = new Set(expand(await load("s-" + signal.value)));
        ids = ids.filter((id) => having.has(id));
      }
      const category = chosen.c ? CATEGORIES.indexOf(chosen.c) : -1;
      const risk = chosen.r ? RISKS.indexOf(chosen.r) : -1;
      const code = (id) => labels.charCodeAt(id) - 65;
      ids = ids.filter((id) => (category < 0 || Math.floor(code(id) / 3) === category) && (risk < 0 || code(id) % 3 === risk));
      ids.sort((a, b) => (scores ? scores.get(b) - scores.get(a) : 0) || code(b) % 3 - code(a) % 3 || a - b);
      return ids;
    };
    const search = async () => {
      const turn = ++asked;
      const text = input.value.trim();
      if (!text && !chosen.c && !chosen.r && !signal.value) { hits.replaceChildren(); said.textContent = "Words of a tool's or a server's name; or choose a label."; return; }
      try {
        const [meta, labels] = await Promise.all([load("meta"), load("labels")]);
        const ids = await matching(meta, labels, text);
        const shown = ids.slice(0, SHOWN);
        const chunks = [...new Set(shown.map((id) => Math.floor(id / meta.chunk)))];
        const docs = new Map(await Promise.all(chunks.map(async (n) => [n, await load("d-" + n)])));
        if (turn !== asked) return;
        hits.replaceChildren(...shown.map((id, position) => {
          const [servers, tools] = docs.get(Math.floor(id / meta.chunk));
          const [server, file, name, says] = tools[id % meta.chunk];
          const [folder, title] = servers[server];
          const code = labels.charCodeAt(id) - 65;
          const href = root + "servers/" + folder + "/" + file + ".html";
          const line = make("span", {}, make("a", { href, tabindex: "-1" }, make("code", {}, name)), " ", make("span", { class: "from" }, title));
          const item = make("li", { role: "option", id: "hit-" + position, "aria-selected": "false" }, line, label(CATEGORIES[Math.floor(code / 3)], RISKS[code % 3]));
          if (says) item.append(make("p", {}, says));
          item.addEventListener("click", (event) => { if (!event.target.closest("a")) location.href = href; });
          return item;
        }));
        select(shown.length ? 0 : -1);
        said.textContent = !ids.length ? "Nothing found." : ids.length > SHOWN ? `${ids.length} tools; the first ${SHOWN}:` : ids.length === 1 ? "1 tool" : `${ids.length} tools`;
      } catch (error) {
        said.textContent = "The search index could not be read: " + error.message;
      }
    };
    const select = (index) => {
      selected = index;
      [...hits.children].forEach((item, position) => item.setAttribute("aria-selected", String(position === index)));
      const item = hits.children[index];
      if (item) { input.setAttribute("aria-activedescendant", item.id); item.scrollIntoView({ block: "nearest" }); }
      else input.removeAttribute("aria-activedescendant");
    };
    const open = async () => {
      if (!panel.hidden) return;
      panel.hidden = false;
      input.setAttribute("aria-expanded", "true");
      try {
        const meta = await load("meta");
        if (signal.options.length === 1) for (const [id, count] of meta.signals) signal.append(make("option", { value: id }, `${id} (${count})`));
      } catch { /* search says so */ }
      search();
    };
    const close = () => { panel.hidden = true; input.setAttribute("aria-expanded", "false"); };
    input.addEventListener("focus", open);
    input.addEventListener("input", () => { open(); search(); });
    find.addEventListener("focusout", (event) => { if (!find.contains(event.relatedTarget)) setTimeout(() => { if (!find.contains(document.activeElement)) close(); }, 150); });
    panel.addEventListener("mousedown", (event) => { if (!event.target.closest("button, select, a")) event.preventDefault(); });
    input.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        const count = hits.children.length;
        if (count) select((selected + (event.key === "ArrowDown" ? 1 : count - 1)) % count);
      } else if (event.key === "Enter") {
        const link = hits.children[selected] && hits.children[selected].querySelector("a");
        if (link) location.href = link.href;
      } else if (event.key === "Escape") {
        input.value = "";
        close();
        input.blur();
      }
    });
    document.addEventListener("keydown", (event) => {
      const typing = /^(input|select|textarea)$/i.test(document.activeElement.tagName);
      if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) { event.preventDefault(); input.focus(); input.select(); }
    });
  }

  // ---- Tables -------------------------------------------------------------------------------------------
  const rows = document.getElementById("rows");
  const filter = document.getElementById("rows-filter");
  if (rows && filter) {
    const all = [...rows.tBodies[0].rows];
    const present = (key, names) => names.filter((name) => all.some((row) => row.dataset[key] === name));
    const groups = [["c", present("c", [...CATEGORIES].reverse())], ["r", present("r", [...RISKS].reverse())]].filter(([, names]) => names.length > 1);
    const signals = [...new Set(all.flatMap((row) => row.dataset.s.split(" ").filter(Boolean)))].sort();
    if (all.length > 3 && (groups.length || signals.length)) {
      const count = make("output");
      const choice = make("select", { "aria-label": "Signal" }, make("option", { value: "" }, "any signal"), ...signals.map((id) => make("option", { value: id }, id)));
      const apply = () => {
        let left = 0;
        for (const row of all) {
          row.hidden = (chosen.c && row.dataset.c !== chosen.c) || (chosen.r && row.dataset.r !== chosen.r) || (choice.value && !row.dataset.s.split(" ").includes(choice.value)) || false;
          if (!row.hidden) left += 1;
        }
        count.textContent = left === all.length ? "" : `${left} of ${all.length}`;
      };
      const chosen = toggles(filter, groups, apply);
      if (signals.length) filter.append(choice);
      choice.addEventListener("change", apply);
      filter.append(count);
      filter.hidden = false;
    }
  }

  // ---- Copying ------------------------------------------------------------------------------------------
  for (const block of document.querySelectorAll(".copyable")) {
    const button = make("button", { type: "button" }, "Copy");
    button.addEventListener("click", async () => {
      const text = block.querySelector("code").textContent;
      let done = true;
      try {
        await navigator.clipboard.writeText(text);
      } catch {
        getSelection().selectAllChildren(block.querySelector("code"));
        done = document.execCommand("copy");
      }
      button.textContent = done ? "Copied" : "Select and copy by hand";
      setTimeout(() => (button.textContent = "Copy"), 1600);
    });
    block.append(button);
  }
})();
