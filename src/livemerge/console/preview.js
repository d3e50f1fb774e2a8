// The preview's frame runs no scripts of its own. This page, around it, listens to what is pointed at in there.
const livemergePreview = (() => {
  const STEPS = ["override", "live", "cached", "stale", "fallback"];
  const COLOURS = { override: "#7a4fb5", live: "#2a8a57", cached: "#2f76b5", stale: "#c98a12", fallback: "#c0492f", "": "#8a93a3" };
  let spots = [];
  let marks = true;
  let width = 640;

  const frame = () => document.getElementById("lm-frame");
  const inside = () => frame()?.contentDocument;
  const rule = (step) =>
    `lm-value[data-step="${step}"]{box-shadow:inset 0 -2px 0 ${COLOURS[step]}}` +
    (step && `img[data-lm-in][data-step="${step}"]{outline:2px dotted ${COLOURS[step]}!important;outline-offset:-2px}`);
  const STYLE =
    STEPS.concat("").map(rule).join("") +
    "lm-value{cursor:help}lm-value:hover,lm-value:focus-visible,.lm-lit{background:#ffe9a8!important;color:#1d2430!important;outline:2px solid #e0a100!important}" +
    "img.lm-lit{outline:4px solid #e0a100!important}";

  function show(html, rows) {
    spots = rows;
    const element = frame();
    if (!element) return setTimeout(() => show(html, rows), 30);
    hide();
    element.onload = dress;
    element.srcdoc = html || "<!doctype html>";
    setBusy(false);
  }

  function dress() {
    const mail = inside();
    if (!mail?.body) return;
    for (const element of mail.querySelectorAll("[data-lm],[data-lm-in]")) {
      element.dataset.step = worst(numbers(element));
      if (!element.dataset.lm) continue;
      const spot = spots[Number(element.dataset.lm)];
      element.setAttribute("role", "note");
      element.setAttribute("aria-label", [element.textContent.trim(), spot.field, spot.step, "from " + spot.source].filter(Boolean).join(", "));
    }
    applyMarks();
    mail.addEventListener("mouseover", (event) => point(event.target));
    mail.addEventListener("mouseleave", hide);
    mail.addEventListener("focusin", (event) => point(event.target));
    mail.addEventListener("focusout", hide);
    mail.addEventListener("keydown", (event) => event.key === "Escape" && hide());
    mail.addEventListener("click", (event) => event.target.closest("a,button,input") && event.preventDefault());
    fit();
    for (const image of mail.images) image.addEventListener("load", fit);
  }

  const numbers = (element) => (element.dataset.lm ?? element.dataset.lmIn ?? "").split(" ").filter(Boolean).map(Number);
  const worst = (list) => STEPS[Math.max(...list.map((number) => STEPS.indexOf(spots[number]?.step)))] ?? "";

  function fit() {
    const element = frame();
    const mail = inside();
    if (!mail?.body) return;
    element.style.width = Math.min(width, element.parentElement.clientWidth) + "px";
    element.style.height = "120px"; // shrinks too, when the next mail is shorter
    element.style.height = Math.min(Math.max(mail.documentElement.scrollHeight, mail.body.scrollHeight) + 2, 12000) + "px";
  }

  function applyMarks() {
    const mail = inside();
    mail?.getElementById("lm-style")?.remove();
    if (!mail?.head || !marks) return;
    const style = mail.createElement("style");
    style.id = "lm-style";
    style.textContent = STYLE;
    mail.head.append(style);
  }

  function point(target) {
    const element = marks && target.closest?.("[data-lm],[data-lm-in]");
    if (!element) return hide();
    const rows = numbers(element).map((number) => spots[number]).filter(Boolean);
    card(element, rows);
    lightRows(rows.flatMap((row) => row.fields));
  }

  function card(element, rows) {
    const box = document.getElementById("lm-card");
    box.replaceChildren(...rows.map(entry));
    box.hidden = false;
    const from = frame().getBoundingClientRect();
    const at = element.getBoundingClientRect();
    const left = Math.min(Math.max(8, from.left + at.left), innerWidth - box.offsetWidth - 8);
    const below = from.top + at.bottom + 8;
    const fitsBelow = below + box.offsetHeight < innerHeight;
    box.style.left = left + "px";
    box.style.top = Math.max(8, fitsBelow ? below : from.top + at.top - box.offsetHeight - 8) + "px";
  }

  function entry(row) {
    const made = (tag, text, name = "") => Object.assign(document.createElement(tag), { textContent: text, className: name });
    const box = made("div", "", "lm-entry");
    const head = made("p", "", "lm-card-head");
    head.append(made("b", row.field || "no field"));
    if (row.step) head.append(made("span", row.step, `lm-chip lm-${row.is_absent ? "absent" : row.step}`));
    box.append(head);
    const list = document.createElement("dl");
    const facts = [
      ["Value", row.value || "(empty)"],
      ["Source", row.source],
      ["Age", row.age],
      ["Why", row.cause],
      ["Template", `line ${row.line}: ${row.expression}`],
      ["Stands in", row.place === "text" ? "" : row.place],
    ];
    for (const [name, value] of facts) if (value) list.append(made("dt", name), made("dd", value));
    box.append(list);
    return box;
  }

  function hide() {
    const box = document.getElementById("lm-card");
    if (box) box.hidden = true;
    lightRows([]);
  }

  function lightRows(fields) {
    for (const row of document.querySelectorAll("tr[data-field]")) row.classList.toggle("lm-lit", fields.includes(row.dataset.field));
  }

  function lightPlaces(field) {
    for (const element of inside()?.querySelectorAll("[data-lm],[data-lm-in]") ?? []) {
      element.classList.toggle("lm-lit", field !== null && numbers(element).some((number) => spots[number]?.fields.includes(field)));
    }
  }

  function setWidth(pixels) {
    width = pixels;
    fit();
  }

  function setMarks(on) {
    marks = on;
    applyMarks();
    if (!on) hide();
  }

  function reveal(id) {
    requestAnimationFrame(() => document.getElementById(id)?.scrollIntoView({ block: "nearest" }));
  }

  function setBusy(on) {
    document.body.classList.toggle("lm-busy", on);
  }

  const row = (event) => event.target.closest?.("tr[data-field]");
  for (const kind of ["mouseover", "focusin"]) {
    document.addEventListener(kind, (event) => lightPlaces(row(event)?.dataset.field ?? null));
  }
  document.addEventListener("click", (event) => {
    if (row(event)) inside()?.querySelector(".lm-lit")?.scrollIntoView({ block: "center", behavior: "smooth" });
  });
  document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
  window.addEventListener("resize", fit);
  window.addEventListener("scroll", hide, { passive: true });
  return { show, setWidth, setMarks, setBusy, reveal };
})();
