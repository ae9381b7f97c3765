"use strict";
const by = (id) => document.getElementById(id);
const show = () => {
  for (const row of document.querySelectorAll("tbody tr")) {
    const { family, level, differs } = row.dataset;
    row.hidden = (by("family").value && by("family").value !== family)
      || (by("level").value && by("level").value !== level)
      || (by("differ").checked && differs !== "true");
    for (const cell of row.querySelectorAll("a")) by(cell.hash.slice(1)).hidden = row.hidden;
  }
};
by("filters").hidden = false;
by("filters").addEventListener("change", show);
by("filters").addEventListener("submit", (event) => event.preventDefault());
show();
