/** A chart with title, legend and crosshair, drawn by uPlot. */
import { duration } from "../lib/format.js";
import { html, useEffect, useLayoutEffect, useRef } from "../lib/html.js";
import { language, t } from "../lib/i18n.js";
import { minute } from "../lib/time.js";
import uPlot from "../vendor/uplot/uPlot.esm.js";
import { color, paintBars, paintBase, paintCrosshair, paintLone, paintTimes } from "./paint.js";
import { extent, lastKnown, linearAxis, logAxis } from "./scale.js";

/** Width of the value axis; Chinese units are wider. */
const axisWidth = () => (language() === "zh" ? 54 : 46);

const sans = () => getComputedStyle(document.body).fontFamily;

/** Axis of the values: range, grid lines, and what a value is on the canvas. */
function valueAxis({ kind, scale, series, whole }) {
  if (kind === "bars") {
    const bins = series[0].values.length;
    let top = 0;
    for (let bin = 0; bin < bins; bin += 1) {
      top = Math.max(top, series.reduce((sum, one) => sum + (one.values[bin] ?? 0), 0));
    }
    return { ...linearAxis(top), place: (value) => value };
  }
  const found = extent(series.map((one) => one.values));
  if (scale === "log") {
    const axis = logAxis(found?.low ?? 1e-3, found?.high ?? 1);
    return {
      ...axis,
      place: (value) => (value == null ? null : Math.max(Math.log10(Math.max(value, 1e-9)), axis.min)),
    };
  }
  return { ...linearAxis(found?.high ?? 0, { whole }), place: (value) => value };
}

function options(model, width) {
  const grid = () => color("--line");
  return {
    width,
    height: model.current.height,
    padding: [13, 0, 0, 0],
    legend: { show: false },
    scales: {
      x: { time: false, range: () => [0, model.current.bins] },
      y: { range: () => [model.current.axis.min, model.current.axis.max] },
    },
    axes: [
      { size: 21, grid: { show: false }, ticks: { show: false }, values: () => [] },
      {
        size: axisWidth(),
        gap: 7,
        stroke: () => color("--ink3"),
        font: `11px ${sans()}`,
        splits: () => model.current.axis.splits,
        values: (_, splits) => splits.map((value) => model.current.label(value)),
        grid: { stroke: grid, width: 1 },
        ticks: { show: false },
      },
    ],
    series: [
      {},
      ...model.current.series.map((_, at) => ({
        stroke: () => color(model.current.series[at].color),
        width: model.current.kind === "bars" ? 0 : 1.6,
        show: model.current.kind !== "bars",
        points: { show: false },
      })),
    ],
    cursor: {
      x: false,
      y: false,
      drag: { x: false, y: false, setScale: false },
      points: { show: false },
      move: (u, x, y) => {
        const { bins, setCross } = model.current;
        const at = x < 0 ? null : Math.min(Math.floor((x / u.over.clientWidth) * bins), bins - 1);
        setCross(at);
        return [x, y];
      },
    },
    hooks: {
      draw: [
        (u) => {
          const { kind, series, bins, timeAt, cross, axis } = model.current;
          if (kind === "bars") paintBars(u, series);
          else paintLone(u, series, axis.place);
          paintBase(u);
          paintTimes(u, bins, timeAt);
          if (cross != null && cross < bins) {
            const points = kind === "bars" ? [] : series.map((one) => ({
              value: axis.place(one.values[cross]), stroke: one.color,
            }));
            paintCrosshair(u, cross, timeAt(cross), points);
          }
        },
      ],
    },
  };
}

function canvasData({ series, axis, bins }) {
  const x = Array.from({ length: bins }, (_, bin) => bin + 0.5);
  return [x, ...series.map((one) => one.values.map(axis.place))];
}

/** Keep a uPlot in an element as wide as it is. */
function usePlot(model, signature) {
  const place = useRef(null);
  const plot = useRef(null);
  useLayoutEffect(() => {
    const element = place.current;
    plot.current = new uPlot(
      options(model, element.clientWidth), canvasData(model.current), element,
    );
    plot.current.over.addEventListener("mouseleave", () => model.current.setCross(null));
    const resized = new ResizeObserver(() => {
      plot.current.setSize({ width: element.clientWidth, height: model.current.height });
    });
    resized.observe(element);
    const redraw = () => plot.current.redraw(false);
    addEventListener("taskhub:preferences", redraw);
    return () => {
      resized.disconnect();
      removeEventListener("taskhub:preferences", redraw);
      plot.current.destroy();
    };
  }, [signature]);
  return [place, plot];
}

/** Text of a bin's begin. */
export function binTime(start, step) {
  const begin = Date.parse(start) / 1000;
  return (bin) => minute(begin + bin * step);
}

/**
 * A chart.
 *
 * `series` are {name, values, color, edge, show}: `show` makes text of a value. `kind` is "bars"
 * (stacked from the base in the order given) or "lines"; `scale` "linear" or "log". `cross` and
 * `setCross` are the bin of the crosshair that all charts of a page share.
 */
export function Chart({
  title, note, kind = "lines", scale = "linear", series, legend, start, step, cross, setCross,
  whole = true, height = 140, label,
}) {
  const bins = series[0]?.values.length ?? 0;
  const timeAt = binTime(start, step);
  const axis = valueAxis({ kind, scale, series, whole });
  const text = label ?? (scale === "log"
    ? (exponent) => duration(10 ** exponent, { digits: 0 })
    : (value) => value.toLocaleString("en-US"));
  const model = useRef(null);
  model.current = { kind, series, bins, axis, cross, setCross, timeAt, label: text, height };
  const [place, plot] = usePlot(model, `${kind} ${series.length} ${bins}`);
  useEffect(() => {
    plot.current?.setData(canvasData(model.current));
  }, [series, start]);
  useEffect(() => {
    plot.current?.redraw(false);
  }, [cross]);
  const key = (event) => {
    const move = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10 }[event.key];
    if (move) setCross(Math.min(Math.max((cross ?? bins) + move, 0), bins - 1));
    else if (event.key === "Home") setCross(0);
    else if (event.key === "End") setCross(bins - 1);
    else if (event.key === "Escape") setCross(null);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const shown = (one) => one.show(one.values[cross ?? nowIn(one, kind)]);
  const values = (legend ?? series).map((one) => ({ ...one, value: shown(one) }));
  const at = cross ?? bins - 1;
  return html`<figure class="chart">
    <figcaption>
      <h2>${title}</h2>
      <span class="note">${cross != null && kind === "bars" ? t("at {time}", { time: timeAt(cross) }) : note}</span>
      <${Legend} values=${values} kind=${kind} />
    </figcaption>
    <div
      class="plot" ref=${place} tabindex="0" role="slider" aria-label=${title}
      aria-valuemin="0" aria-valuemax=${Math.max(bins - 1, 0)} aria-valuenow=${at}
      aria-valuetext=${`${timeAt(at)}: ${values.map((one) => `${one.name} ${one.value}`).join(", ")}`}
      onKeyDown=${key} onBlur=${() => setCross(null)}
    ></div>
  </figure>`;
}

/** Bin that stands for now: the last that is over for counts, the last known for levels. */
function nowIn(one, kind) {
  return kind === "bars" ? Math.max(one.values.length - 2, 0) : lastKnown(one.values);
}

function Legend({ values, kind }) {
  return html`<ul class="legend">
    ${values.map((one) => html`<li key=${one.name} class=${one.value === "0" ? "none" : ""}>
      <svg width="12" height="10" aria-hidden="true">
        ${kind === "bars"
          ? html`<rect x="1" y="0.5" width="9" height="9" fill=${`var(${one.edge ?? one.color})`} />`
          : html`<rect x="0" y="4" width="12" height="2" fill=${`var(${one.color})`} />`}
      </svg>
      ${one.name} <b>${one.value}</b>
    </li>`)}
  </ul>`;
}
