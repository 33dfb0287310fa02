"use strict";
// Finding and sorting. Without this script everything is there, in the order that matters.
(function () {
  function finder(place) {
    var scope = document.getElementById(place.dataset.finder) || place.nextElementSibling;
    if (!scope) { return; }
    var items = scope.querySelectorAll("[data-item], tbody > tr");
    if (items.length < 6 && place.dataset.finder !== "work") { return; }
    var label = document.createElement("label");
    var input = document.createElement("input");
    var count = document.createElement("output");
    var texts = null;
    input.type = "search";
    label.append(place.dataset.label + " ", input);
    place.append(label, " ", count);
    input.addEventListener("input", function () {
      var wanted = input.value.trim().toLowerCase();
      var shown = 0;
      texts = texts || Array.from(items, function (item) { return item.textContent.toLowerCase(); });
      items.forEach(function (item, index) {
        var fits = texts[index].includes(wanted);
        item.hidden = !fits;
        shown += fits ? 1 : 0;
      });
      count.textContent = wanted ? place.dataset.count.replace("#", shown).replace("#", items.length) : "";
    });
  }

  function valueOf(row, column) {
    var text = (row.cells[column] ? row.cells[column].textContent : "").trim();
    var number = parseFloat(text.replace(/[\s\u00a0%]/g, "").replace("−", "-").replace(",", "."));
    return { text: text, number: number };
  }

  function sortable(table) {
    Array.from(table.tHead.rows[0].cells).forEach(function (head, column) {
      if (head.classList.contains("wide")) { return; }
      var button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", function () {
        var down = head.getAttribute("aria-sort") !== "descending";
        var rows = Array.from(table.tBodies[0].rows);
        Array.from(table.tHead.rows[0].cells).forEach(function (each) { each.removeAttribute("aria-sort"); });
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        rows.sort(function (one, other) {
          var a = valueOf(one, column);
          var b = valueOf(other, column);
          var order = head.classList.contains("n")
            ? (isNaN(a.number) ? -1 : a.number) - (isNaN(b.number) ? -1 : b.number)
            : b.text.localeCompare(a.text, document.documentElement.lang);
          return down ? -order : order;
        });
        table.tBodies[0].append(...rows);
      });
    });
  }

  document.querySelectorAll("[data-finder]").forEach(finder);
  document.querySelectorAll("table.sortable").forEach(sortable);
}());
