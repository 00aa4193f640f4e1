// Where a number comes from: its run files in a dialog. Without this script the page still shows everything else.
const samples = JSON.parse(document.getElementById("samples").textContent);
const dialog = document.getElementById("source");
const body = document.getElementById("source-body");
const element = (name, text, parent) => { const made = document.createElement(name); made.textContent = text; parent.append(made); return made; };
for (const button of document.querySelectorAll("[data-cell]")) {
  button.setAttribute("aria-haspopup", "dialog");
  button.addEventListener("click", () => {
    const cell = samples[button.dataset.cell];
    document.getElementById("source-title").textContent = cell.title;
    body.replaceChildren();
    const table = element("table", "", body);
    const head = element("tr", "", element("thead", "", table));
    for (const name of ["", "value", "run file"]) element("th", name, head).scope = "col";
    const rows = element("tbody", "", table);
    for (const [what, value, identity, file] of cell.rows) {
      const row = element("tr", "", rows);
      element("th", what, row).scope = "row";
      element("td", value || "missing", row).className = "number";
      const source = element("td", "", row);
      element("code", file ? "winnow show " + file : "stage " + identity + ": not done", source);
    }
    dialog.showModal();
  });
}
dialog.addEventListener("click", event => { if (event.target === dialog) dialog.close(); });
