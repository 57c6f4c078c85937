"use strict";
(() => {
  const onDark = JSON.parse(document.getElementById("on-dark").textContent);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  // When a reader saw the first picture.
  const FIRST = "first chart";
  // Pixels between the margins of A4.
  const PAPER = 680;
  let printing = false;
  const isDark = () => dark.matches && !printing;

  // Charts: drawn when they come near the screen, anew when width or colours change.

  const charts = [...document.querySelectorAll(".chart")].map((box) => ({
    box,
    text: box.parentElement.querySelector("script").textContent,
    view: null,
    drawn: false,
    turn: 0,
    width: 0,
  }));

  function recoloured(part) {
    if (typeof part === "string") return onDark[part] ?? part;
    if (Array.isArray(part)) return part.map(recoloured);
    if (part === null || typeof part !== "object") return part;
    // Data hold names, and no colours.
    return Object.fromEntries(
      Object.entries(part).map(([key, value]) => [key, key === "data" ? value : recoloured(value)]),
    );
  }

  // Names within a chart are cut before they take more than this; the tips have them whole.
  const longest = (width) => Math.floor(0.4 * (width - 70));
  const LETTER = 8;

  function look(width) {
    const ink = isDark() ? "#e8e8ee" : "#1b1b1f";
    const faint = isDark() ? "#a8a8b4" : "#5c5c66";
    const line = isDark() ? "#34343e" : "#e4e4ea";
    return {
      background: "transparent",
      font: "system-ui, sans-serif",
      view: { stroke: null },
      axis: { labelColor: ink, titleColor: ink, gridColor: line, domainColor: faint, tickColor: faint, labelFontSize: 12, titleFontSize: 12, titleFontWeight: "normal" },
      legend: { labelColor: ink, titleColor: ink, labelFontSize: 12, titleFontSize: 12, titleFontWeight: "normal", labelLimit: 190, orient: "top", symbolSize: 90, symbolOpacity: 1 },
      header: { labelColor: ink, titleColor: ink, labelFontSize: 12, labelFontWeight: "bold", labelLimit: 330 },
      text: { color: ink, fontSize: 12, limit: longest(width) },
      line: { strokeWidth: 2 },
    };
  }

  function fitMap(spec, width) {
    const points = spec.layer[0].data.values;
    const range = (name) => {
      const found = points.map((point) => point[name]);
      return [Math.min(...found), Math.max(...found)];
    };
    const [x, y] = [range("x"), range("y")];
    const inner = width - 70;
    const names = spec.layer[2];
    // Where names would lie upon each other, numbers stand alone: the answer has the same order.
    const shown = width < 600 ? "pick" : "label";
    names.encoding.text.field = shown;
    // Space for names beside the outermost points.
    const letters = Math.max(0, ...names.data.values.map((pick) => String(pick[shown]).length));
    const room = Math.max(0.2 * inner, Math.min(LETTER * letters, longest(width)));
    const spans = [((x[1] - x[0]) * inner) / (inner - room) || 1, (y[1] - y[0]) * 1.25 || 1];
    const height = Math.max(260, Math.min(560, (inner * spans[1]) / spans[0]));
    const unit = Math.max(spans[0] / inner, spans[1] / height);
    const domain = ([low, high], pixels) => [(low + high - unit * pixels) / 2, (low + high + unit * pixels) / 2];
    for (const layer of spec.layer) {
      layer.encoding.x.scale.domain = domain(x, inner);
      layer.encoding.y.scale.domain = domain(y, height);
    }
    return { ...spec, width: inner, height };
  }

  function fitMatrix(spec, width) {
    const { margin, rows } = spec.usermeta;
    const [left, right] = spec.hconcat;
    const narrow = width < 600;
    const inner = Math.max(90, width - (narrow ? margin - 30 : margin));
    const wide = rows ? left : right;
    if (narrow) wide.encoding.y.axis.labelLimit -= 40;
    wide.width = Math.min(inner, rows ? 420 : 560);
    // Every row as high as its name, as long as they fit on a screen.
    const names = rows ? 0 : Math.min(14 * right.encoding.y.axis.values.length, 560);
    const height = rows ? rows * 20 : Math.max(wide.width, 180, names);
    left.height = right.height = height;
    return spec;
  }

  function fitPanels(spec, width) {
    const { panel, beside } = spec.usermeta;
    const count = new Set(spec.data.values.map((row) => row.panel)).size;
    const most = Math.max(1, Math.min(4, Math.floor(width / (panel + beside))));
    const columns = Math.ceil(count / Math.ceil(count / most));
    spec.columns = columns;
    // Shared axes stand below the last row, also where it has no panel.
    if (count % columns) spec.resolve.axis = { x: "independent" };
    spec.spec.width = Math.floor(width / columns) - beside - 16;
    return spec;
  }

  function fitNames(spec, width) {
    const inner = width - 60;
    const share = (Math.min(LETTER * spec.usermeta.letters, longest(width)) + 12) / inner;
    for (const { encoding } of spec.layer) {
      const [low, high] = encoding.x.scale.domain;
      encoding.x.scale.domain = [low - (high - low) * (share / (1 - share)), high];
    }
    return spec;
  }

  function fitted(spec, width) {
    const { fit, height } = spec.usermeta;
    if (fit === "names") fitNames(spec, width);
    if (fit === "map") return fitMap(spec, width);
    if (fit === "matrix") return fitMatrix(spec, width);
    if (fit === "panels") return fitPanels(spec, width);
    return { ...spec, width, height, autosize: { type: "fit-x", contains: "padding" } };
  }

  // Vega-Embed waits for nothing but itself, so a chart that is begun before print is there in print.
  async function draw(chart) {
    const width = Math.min(Math.floor(chart.box.clientWidth) - 2, printing ? PAPER : Infinity);
    const parsed = JSON.parse(chart.text);
    const spec = fitted(isDark() ? recoloured(parsed) : parsed, width);
    spec.description = chart.box.dataset.description;
    const config = look(width);
    // Legends begin where the axes do.
    const beside = width - (spec.usermeta.left ?? 0);
    config.legend.columns = Math.max(1, Math.floor(beside / 150));
    if (width < 600) config.legend.labelLimit = Math.floor((beside - 50) / config.legend.columns) - 30;
    // The cells of a matrix are too many for elements of their own.
    const many = (parsed.hconcat ?? []).some((part) => part.data.values.length > 2000);
    chart.drawn = true;
    chart.width = width;
    const turn = ++chart.turn;
    chart.view?.finalize();
    const found = await vegaEmbed(chart.box, spec, {
      mode: "vega-lite",
      config,
      renderer: many ? "canvas" : "svg",
      actions: false,
      defaultStyle: false,
      tooltip: tip,
      ast: true,
    });
    if (turn !== chart.turn) return found.finalize();
    chart.view = chart.box.view = found.view;
    if (performance.getEntriesByName(FIRST).length === 0) performance.mark(FIRST);
  }

  const drawMissing = () => charts.filter((chart) => !chart.drawn).forEach(draw);
  const drawAgain = () => charts.filter((chart) => chart.drawn).forEach(draw);

  const watcher = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) {
        const chart = charts.find((one) => one.box === entry.target);
        if (entry.isIntersecting && !chart.drawn) draw(chart);
      }
    },
    { rootMargin: "400px" },
  );
  charts.forEach((chart) => watcher.observe(chart.box));
  addEventListener("load", () => {
    const next = async () => {
      const chart = charts.find((one) => !one.drawn);
      if (!chart) return;
      await draw(chart);
      later(next);
    };
    const later = (task) => (window.requestIdleCallback ? requestIdleCallback(task) : setTimeout(task, 50));
    later(next);
  });

  let waiting = 0;
  addEventListener("resize", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => charts.filter((chart) => chart.drawn && chart.width !== Math.floor(chart.box.clientWidth) - 2).forEach(draw), 150);
  });
  dark.addEventListener("change", drawAgain);
  addEventListener("beforeprint", () => {
    printing = true;
    drawAgain();
    drawMissing();
  });
  addEventListener("afterprint", () => {
    printing = false;
    drawAgain();
  });

  // What a mark says when it is pointed at. Names are set as text, never as HTML.

  function tip(handler, event, item, value) {
    const box = document.getElementById("tip");
    box.hidden = value === null || value === undefined || value === "";
    if (box.hidden) return;
    box.textContent = "";
    for (const [name, text] of typeof value === "object" ? Object.entries(value) : [["", value]]) {
      if (text === null || text === "null" || text === "NaN" || text === "") continue;
      const row = box.appendChild(document.createElement("div"));
      for (const part of [name, text]) row.appendChild(document.createElement("span")).textContent = part;
    }
    const [left, top] = [event.clientX + 14, event.clientY + 14];
    box.style.left = `${Math.max(4, Math.min(left, innerWidth - box.offsetWidth - 8))}px`;
    box.style.top = `${top + box.offsetHeight > innerHeight ? event.clientY - box.offsetHeight - 10 : top}px`;
  }

  // Tables: sorted by a click on a head, copied whole.

  const valueOf = (cell) => cell.dataset.value ?? cell.textContent;

  function sort(head) {
    const table = head.closest("table");
    const body = table.tBodies[0];
    const column = head.cellIndex;
    const order = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
    const numeric = head.classList.contains("number");
    const names = new Intl.Collator("en", { numeric: true });
    const rows = [...body.rows].map((row) => ({ row, value: valueOf(row.cells[column]) }));
    // What is missing stays at the end.
    rows.sort((a, b) => {
      if (a.value === "" || b.value === "") return (a.value === "") - (b.value === "");
      return order * (numeric ? Number(a.value) - Number(b.value) : names.compare(a.value, b.value));
    });
    for (const other of head.parentElement.cells) other.setAttribute("aria-sort", "none");
    head.setAttribute("aria-sort", order === 1 ? "ascending" : "descending");
    body.append(...rows.map(({ row }) => row));
  }

  const quoted = (text) => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

  function csv(table) {
    const heads = [...table.tHead.rows[0].cells].map((head) => head.dataset.key);
    const rows = [...table.tBodies[0].rows].map((row) => [...row.cells].map(valueOf));
    return [heads, ...rows].map((row) => row.map(quoted).join(",")).join("\n") + "\n";
  }

  function copyByHand(text) {
    const area = document.body.appendChild(document.createElement("textarea"));
    area.value = text;
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }

  async function copy(button) {
    const text = csv(button.closest(".table").querySelector("table"));
    let done;
    try {
      await navigator.clipboard.writeText(text);
      done = true;
    } catch {
      done = copyByHand(text);
    }
    button.nextElementSibling.textContent = done ? "Copied." : "This browser does not let pages copy.";
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button?.closest("th")) sort(button.closest("th"));
    else if (button?.classList.contains("copy")) copy(button);
  });
})();
