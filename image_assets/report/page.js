"use strict";
// The map: every picture is a small disc of itself, cut out of the contact sheet of its class.
(() => {
  const { classes, points, columns, tile } = JSON.parse(document.getElementById("data").textContent);
  const stage = document.querySelector(".stage"), canvas = stage.querySelector("canvas");
  const tip = document.getElementById("tip"), enlarged = tip.querySelector("canvas").getContext("2d");
  const sheets = classes.map(({ name }) => document.querySelector(`article[data-name="${CSS.escape(name)}"] img`));
  const colours = classes.map((_, i) => `hsl(${(i * 137.5) % 360} 65% ${48 + 8 * (i % 3 - 1)}%)`);
  let chosen = null, under = -1, placed = [], radius = 10;

  function place() {
    const { width, height } = canvas.getBoundingClientRect(), ratio = window.devicePixelRatio || 1;
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    radius = Math.max(6, Math.min(19, 0.38 * Math.sqrt(width * height / Math.max(1, points.length))));
    const edge = radius + 6;
    placed = points.map(([x, y]) => [edge + x * (width - 2 * edge), edge + y * (height - 2 * edge)]);
    draw();
  }

  function draw() {
    const ratio = window.devicePixelRatio || 1, pen = canvas.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, canvas.width, canvas.height);
    const order = [...points.keys()].sort((a, b) => front(a) - front(b));
    for (const i of order) disc(pen, i);
  }

  const front = i => (i === under ? 4 : 0) + (points[i][2] === chosen ? 2 : 0) + (points[i][4] ? 1 : 0);

  function disc(pen, i) {
    const [, , owner, number, wrong] = points[i], [x, y] = placed[i], size = i === under ? radius * 1.5 : radius;
    pen.save();
    pen.globalAlpha = chosen === null || chosen === owner || i === under ? 1 : 0.12;
    pen.beginPath();
    pen.arc(x, y, size, 0, 2 * Math.PI);
    pen.fillStyle = "#fff";
    pen.fill();
    pen.save();
    pen.clip();
    cut(pen, owner, number, x - size, y - size, 2 * size);
    pen.restore();
    pen.lineWidth = wrong ? 3.5 : 2;
    pen.strokeStyle = wrong ? "#e11d2a" : colours[owner];
    pen.stroke();
    pen.restore();
  }

  function cut(pen, owner, number, x, y, size) {
    const column = number % columns, row = Math.floor(number / columns);
    if (sheets[owner]) pen.drawImage(sheets[owner], column * tile, row * tile, tile, tile, x, y, size, size);
  }

  function nearest(x, y) {
    let best = -1, least = (radius + 8) ** 2;
    placed.forEach(([px, py], i) => {
      const away = (px - x) ** 2 + (py - y) ** 2;
      if (away < least && (chosen === null || points[i][2] === chosen)) [best, least] = [i, away];
    });
    return best;
  }

  function show(event) {
    const box = canvas.getBoundingClientRect(), found = nearest(event.clientX - box.left, event.clientY - box.top);
    if (found === under) return;
    under = found;
    tip.hidden = found < 0;
    if (found >= 0) {
      const [, , owner, number, wrong] = points[found], { name, paths } = classes[owner];
      enlarged.clearRect(0, 0, 192, 192);
      cut(enlarged, owner, number, 0, 0, 192);
      const text = tip.querySelector("p"), title = document.createElement("b");
      title.textContent = name;
      text.replaceChildren(title);
      if (wrong) text.append(document.createElement("br"), `taken for ${wrong}`);
      text.append(document.createElement("br"), paths[number]);
      const [x, y] = placed[found], left = x + radius + 10 + 176 > box.width ? x - radius - 188 : x + radius + 10;
      tip.style.left = `${Math.max(2, Math.min(left, box.width - 180))}px`;
      tip.style.top = `${Math.max(4, Math.min(y - 90, box.height - tip.offsetHeight - 4))}px`;
    }
    draw();
  }

  canvas.addEventListener("pointermove", show);
  canvas.addEventListener("pointerdown", show);
  canvas.addEventListener("pointerleave", event => { if (event.pointerType === "mouse") { under = -1; tip.hidden = true; draw(); } });

  const chips = document.querySelector(".chips");
  classes.forEach(({ name }, i) => {
    const button = document.createElement("button");
    button.textContent = name;
    button.style.setProperty("--dot", colours[i]);
    button.setAttribute("aria-pressed", "false");
    button.addEventListener("click", () => {
      chosen = chosen === i ? null : i;
      under = -1;
      tip.hidden = true;
      [...chips.children].forEach((other, j) => other.setAttribute("aria-pressed", String(j === chosen)));
      draw();
    });
    chips.append(button);
  });
  Promise.all(sheets.map(sheet => sheet && sheet.decode().catch(() => null))).then(place);
  new ResizeObserver(place).observe(canvas);
})();

// What a field of a matrix stands for, beside the pointer.
(() => {
  const note = document.createElement("div");
  note.id = "note";
  note.hidden = true;
  document.body.append(note);
  document.addEventListener("pointerover", event => {
    const text = event.target.dataset ? event.target.dataset.tip : undefined;
    note.hidden = text === undefined;
    if (text === undefined) return;
    note.textContent = text;
    note.style.left = `${Math.max(4, Math.min(event.pageX + 12, document.documentElement.clientWidth - note.offsetWidth - 8))}px`;
    note.style.top = `${event.pageY + 14}px`;
  });
})();

// Classes whose names hold what was typed.
(() => {
  const filter = document.getElementById("filter");
  if (!filter) return;
  filter.addEventListener("input", () => {
    const wanted = filter.value.trim().toLowerCase().replaceAll(" ", "_");
    for (const card of document.querySelectorAll(".cards article")) {
      card.hidden = !card.dataset.name.toLowerCase().includes(wanted);
    }
  });
})();
