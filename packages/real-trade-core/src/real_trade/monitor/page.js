"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const at = (id) => document.getElementById(id);
  const ink = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const show = (value, digits = 2) =>
    value === null || value === undefined ? "–" : Number(value).toLocaleString("en", { maximumFractionDigits: digits });
  const percent = (value) => (value === null || value === undefined ? "–" : show(value * 100) + " %");
  const time = (seconds) => new Date(seconds * 1000).toISOString().slice(0, 19).replace("T", " ");

  function element(tag, text, kind) {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    if (kind) made.className = kind;
    return made;
  }

  function table(id, columns, rows, empty) {
    const target = at(id);
    if (!rows.length) {
      target.replaceWith(element("p", empty, "dim"));
      return;
    }
    const head = element("tr");
    columns.forEach((name) => head.append(element("th", name)));
    target.append(head);
    rows.forEach((cells) => {
      const row = element("tr");
      cells.forEach((cell) => row.append(cell instanceof Node ? cell : element("td", cell)));
      target.append(row);
    });
  }

  function signed(value, text) {
    return element("td", text, value > 0 ? "up" : value < 0 ? "down" : "");
  }

  const run = data.figures;
  document.title = `${run.bot} ${run.mode}: real-trade report`;
  at("title").append(`${run.strategy} on ${run.symbols.join(", ")} ${run.timeframe} `, element("span", run.mode, "mode " + run.mode));
  at("subtitle").textContent =
    `${run.bot} at ${run.exchange} ${run.market}, ${run.started_at.slice(0, 19).replace("T", " ")} UTC to ` +
    (run.stopped_at ? run.stopped_at.slice(0, 19).replace("T", " ") + " UTC" : "now") + (run.reason ? `: ${run.reason}` : "");

  const fees = Object.entries(run.fees).map(([asset, amount]) => `${show(amount, 8)} ${asset}`).join(", ");
  [
    ["Equity", show(run.equity), run.return_pct],
    ["Return", run.return_pct === null ? "–" : show(run.return_pct) + " %", run.return_pct],
    ["Max drawdown", percent(run.max_drawdown)],
    ["Net profit of trades", show(run.net_pnl), run.net_pnl],
    ["Trades", show(run.trades, 0)],
    ["Win rate", percent(run.win_rate)],
    ["Profit factor", show(run.profit_factor)],
    ["Expectancy", show(run.expectancy)],
    ["Sharpe", show(run.sharpe)],
    ["Sortino", show(run.sortino)],
    ["Calmar", show(run.calmar)],
    ["Fees", fees || "none"],
  ].forEach(([name, value, sign]) => {
    const card = element("div", name, "card dim");
    card.append(element("b", value, sign > 0 ? "up" : sign < 0 ? "down" : ""));
    at("cards").append(card);
  });

  function line(id, series, label, colour, format) {
    if (data.time.length < 2) {
      at(id).append(element("p", "Not enough equity points for a curve.", "dim"));
      return;
    }
    const options = {
      width: at(id).clientWidth, height: 220,
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
      series: [{}, { label, stroke: colour, width: 1.5, fill: colour + "22", value: (_, value) => format(value) }],
      axes: [
        { stroke: ink("--dim"), grid: { stroke: ink("--line") } },
        { stroke: ink("--dim"), grid: { stroke: ink("--line") }, size: 80, values: (_, ticks) => ticks.map(format) },
      ],
    };
    const chart = new uPlot(options, [data.time, series], at(id));
    addEventListener("resize", () => chart.setSize({ width: at(id).clientWidth, height: 220 }));
  }
  line("equity", data.equity, "equity", "#2f6fde", (value) => show(value));
  line("drawdown", data.drawdown.map((value) => -value), "drawdown", "#b3261e", percent);

  table("months", ["month", "return"],
    Object.entries(run.months).map(([month, value]) => [month, signed(value, percent(value))]), "No month has an equity yet.");

  if (data.bars.length) {
    at("candles").style.height = "360px";
    const chart = LightweightCharts.createChart(at("candles"), {
      autoSize: true,
      layout: { background: { color: "transparent" }, textColor: ink("--dim"), attributionLogo: true },
      grid: { vertLines: { color: ink("--line") }, horzLines: { color: ink("--line") } },
      timeScale: { timeVisible: true },
    });
    const candles = chart.addSeries(LightweightCharts.CandlestickSeries, { upColor: "#26a69a", downColor: "#ef5350", borderVisible: false, wickUpColor: "#26a69a", wickDownColor: "#ef5350" });
    candles.setData(data.bars.map(([moment, open, high, low, close]) => ({ time: moment, open, high, low, close })));
    LightweightCharts.createSeriesMarkers(candles, data.marks.map(([moment, side, text]) => ({
      time: moment, position: side === "buy" ? "belowBar" : "aboveBar",
      color: side === "buy" ? "#26a69a" : "#ef5350", shape: side === "buy" ? "arrowUp" : "arrowDown",
      text: data.marks.length <= 40 ? text : undefined,
    })));
    chart.timeScale().fitContent();
  } else {
    at("candles").append(element("p", "This run kept no bars.", "dim"));
  }

  table("trades", ["closed", "symbol", "side", "amount", "entry", "exit", "profit"],
    data.trades.map(([moment, symbol, side, amount, entry, exit, pnl]) =>
      [time(moment), symbol, side, amount, entry, exit, signed(Number(pnl), pnl)]), "No trade was closed.");
  table("orders", ["created", "symbol", "side", "type", "amount", "price", "state", "filled", "reason"],
    data.orders.map(([moment, ...cells]) => [time(moment), ...cells.map((cell) => cell ?? "")]), "No order was made.");
  if (data.left_out) {
    at("orders").parentElement.append(element("p", data.left_out, "dim"));
  }
})();
