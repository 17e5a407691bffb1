// SPDX-License-Identifier: BSD-2-Clause
"use strict";

// Tables sort by the buttons in their headings.
for (const table of document.querySelectorAll("table.sorts")) {
  const body = table.tBodies[0];
  const headings = [...table.tHead.rows[0].cells];
  const given = [...body.rows];
  headings.forEach((heading, column) => {
    heading.setAttribute("aria-sort", "none");
    heading.querySelector("button").addEventListener("click", () => {
      const numeric = heading.classList.contains("number");
      const first = numeric ? "descending" : "ascending";
      const other = numeric ? "ascending" : "descending";
      const order = heading.getAttribute("aria-sort") === first ? other : first;
      for (const each of headings) each.setAttribute("aria-sort", "none");
      heading.setAttribute("aria-sort", order);
      const sign = order === "ascending" ? 1 : -1;
      const keyed = given.map((row, place) => {
        const cell = row.cells[column];
        const text = cell.textContent.trim();
        const value = "value" in cell.dataset ? Number(cell.dataset.value) : NaN;
        return { row, place, text, value, empty: numeric ? Number.isNaN(value) : text === "" };
      });
      keyed.sort((a, b) => {
        if (a.empty !== b.empty) return a.empty ? 1 : -1; // what is missing stays last
        const difference = numeric
          ? a.value - b.value
          : a.text.localeCompare(b.text, "en", { numeric: true });
        return sign * difference || a.place - b.place;
      });
      body.append(...keyed.map((each) => each.row));
    });
  });

  // A field shows only the rows that hold its text.
  const field = document.getElementById(table.id + "-filter");
  const count = document.getElementById(table.id + "-count");
  const texts = new Map(given.map((row) => [row, row.textContent.toLowerCase()]));
  field.addEventListener("input", () => {
    const wanted = field.value.trim().toLowerCase();
    let shown = 0;
    for (const row of given) {
      row.hidden = !texts.get(row).includes(wanted);
      if (!row.hidden) shown += 1;
    }
    count.textContent = shown.toLocaleString("en") + " rows";
  });
}

// The heat map reads its values out, by mouse and by arrow keys.
const heat = document.getElementById("heat");
if (heat) {
  const { names, values } = JSON.parse(document.getElementById("heat-data").textContent);
  const levels = Uint8Array.from(atob(values), (char) => char.charCodeAt(0));
  const svg = heat.querySelector("svg");
  const box = heat.querySelector(".scroll");
  const cursor = document.getElementById("heat-cursor");
  const readout = document.getElementById("heat-value");
  const top = Number(svg.dataset.top);
  const cell = Number(svg.dataset.side) / names.length;
  let at = [0, 0];
  const show = (row, column) => {
    at = [row, column];
    cursor.removeAttribute("hidden");
    cursor.setAttribute("x", String(column * cell));
    cursor.setAttribute("y", String(top + row * cell));
    const share = levels[row * names.length + column] / 255;
    readout.textContent = `${names[row]} and ${names[column]}: ${share.toFixed(2)}`;
  };
  svg.addEventListener("pointermove", (event) => {
    const point = new DOMPoint(event.clientX, event.clientY);
    const { x, y } = point.matrixTransform(svg.getScreenCTM().inverse());
    const [row, column] = [Math.floor((y - top) / cell), Math.floor(x / cell)];
    const inside = (i) => i >= 0 && i < names.length;
    if (inside(row) && inside(column)) show(row, column);
  });
  const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  box.addEventListener("keydown", (event) => {
    const step = steps[event.key];
    if (!step) return;
    event.preventDefault();
    const clamp = (i) => Math.min(Math.max(i, 0), names.length - 1);
    show(clamp(at[0] + step[0]), clamp(at[1] + step[1]));
  });
}
