"use strict";
(() => {
  const root = document.documentElement;
  const tip = document.getElementById("tip");

  // ---- the table: a click on a heading sorts, missing values stay at the end ----
  const table = document.getElementById("results");
  const body = table.tBodies[0];
  const key = (row, column) => {
    const cell = row.cells[column];
    if (!("sort" in cell.dataset)) return null;
    const value = cell.dataset.sort;
    return cell.classList.contains("number") ? Number(value) : value;
  };
  const compare = (a, b) => (typeof a === "number" ? a - b : a.localeCompare(b));
  const sort = (heading) => {
    const column = heading.cellIndex;
    const first = heading.classList.contains("number") ? "descending" : "ascending";
    const other = first === "descending" ? "ascending" : "descending";
    const order = heading.getAttribute("aria-sort") === first ? other : first;
    for (const th of heading.parentElement.cells) th.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", order);
    const sign = order === "ascending" ? 1 : -1;
    const rows = [...body.rows].map((row) => [key(row, column), row]);
    rows.sort(([a], [b]) =>
      a === null ? (b === null ? 0 : 1) : b === null ? -1 : sign * compare(a, b));
    body.append(...rows.map(([, row]) => row));
  };
  for (const heading of table.tHead.rows[0].cells) {
    heading.firstElementChild.addEventListener("click", () => sort(heading));
  }

  // ---- the filter ----
  const filter = document.getElementById("filter");
  const count = document.getElementById("count");
  const apply = () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of body.rows) {
      const kind = row.querySelector(".kind").textContent;
      const text = `${row.cells[0].textContent} ${kind}`.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
      shown += !row.hidden;
    }
    count.textContent = `${shown} of ${body.rows.length} matrices`;
  };
  filter.addEventListener("input", apply);
  apply();

  // ---- contenders shown, light or dark ----
  for (const box of document.querySelectorAll("[data-series]")) {
    box.addEventListener("change", () =>
      document.body.classList.toggle(`hide${box.dataset.series}`, !box.checked));
    box.dispatchEvent(new Event("change")); // a browser may keep boxes over a reload
  }
  document.getElementById("theme").addEventListener("click", () => {
    const preferred = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    const now = root.dataset.theme || preferred;
    root.dataset.theme = now === "dark" ? "light" : "dark";
  });

  // ---- tooltips, by mouse and by arrow keys ----
  let current = null;
  const hide = () => {
    tip.hidden = true;
    if (current) current.classList.remove("current");
    current = null;
  };
  const show = (mark, x, y) => {
    if (current) current.classList.remove("current");
    current = mark;
    mark.classList.add("current");
    tip.textContent = mark.dataset.tip;
    tip.hidden = false;
    const box = tip.getBoundingClientRect();
    tip.style.left = `${Math.max(4, Math.min(x + 14, innerWidth - box.width - 8))}px`;
    tip.style.top = `${y + box.height + 24 > innerHeight ? y - box.height - 10 : y + 14}px`;
  };
  for (const chart of document.querySelectorAll(".chart > svg")) {
    const marks = [...chart.querySelectorAll("[data-tip]")];
    chart.addEventListener("mousemove", (event) => {
      const mark = event.target.closest("[data-tip]");
      if (mark) show(mark, event.clientX, event.clientY);
      else hide();
    });
    chart.addEventListener("mouseleave", hide);
    chart.addEventListener("blur", hide);
    chart.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (event.key === "Escape") hide();
      if (!step) return;
      const visible = marks.filter((mark) => getComputedStyle(mark).display !== "none");
      if (visible.length === 0) return;
      event.preventDefault();
      const at = visible.indexOf(current);
      const next = at < 0 ? 0 : (at + step + visible.length) % visible.length;
      const box = visible[next].getBoundingClientRect();
      show(visible[next], box.left + box.width / 2, box.top + box.height / 2);
    });
  }
})();
