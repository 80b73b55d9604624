/** What charts paint on uPlot's canvas: bars, times below, the crosshair. */
import { timeMarks } from "./scale.js";

/** Value of a CSS custom property. */
export const color = (name) =>
  getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const font = (ratio, weight = 400) =>
  `${weight} ${11 * ratio}px ${getComputedStyle(document.body).fontFamily}`;

/** Stacked bars from the base, 1 px of background between; the last one is a body with an edge. */
export function paintBars(u, series) {
  const { ctx } = u;
  const ratio = devicePixelRatio;
  const x0 = u.bbox.left;
  const base = u.bbox.top + u.bbox.height;
  const bins = u.data[0].length;
  const pitch = u.bbox.width / bins;
  const high = (value) => (value / u.scales.y.max) * u.bbox.height;
  ctx.save();
  for (let bin = 0; bin < bins; bin += 1) {
    const left = Math.round(x0 + bin * pitch + ratio / 2);
    const wide = Math.max(Math.round(x0 + (bin + 1) * pitch - ratio / 2) - left, 1);
    let sum = 0;
    for (const one of series) {
      const value = one.values[bin] ?? 0;
      if (!value) continue;
      const bottom = base - high(sum);
      sum += value;
      const top = base - high(sum);
      // A few stay visible beside many.
      const gap = sum === value ? 0 : ratio;
      const tall = Math.max(bottom - top - gap, ratio);
      ctx.fillStyle = color(one.color);
      ctx.fillRect(left, bottom - gap - tall, wide, tall);
      if (one.edge) {
        ctx.fillStyle = color(one.edge);
        ctx.fillRect(left, bottom - gap - tall, wide, Math.min(2 * ratio, tall));
      }
    }
  }
  ctx.restore();
}

/** Times below the chart; the first and the last one keep within it. */
export function paintTimes(u, bins, text) {
  const { ctx } = u;
  const ratio = devicePixelRatio;
  const marks = timeMarks(bins, u.width < 480);
  ctx.save();
  ctx.font = font(ratio);
  ctx.fillStyle = color("--ink3");
  ctx.textBaseline = "top";
  const y = u.bbox.top + u.bbox.height + 6 * ratio;
  for (const bin of marks) {
    ctx.textAlign = bin === 0 ? "left" : bin === bins ? "right" : "center";
    ctx.fillText(text(bin), u.bbox.left + (bin / bins) * u.bbox.width, y);
  }
  ctx.restore();
}

/** Values between two gaps, of which a line shows nothing: a stroke as wide as their bin. */
export function paintLone(u, series, place) {
  const { ctx } = u;
  const ratio = devicePixelRatio;
  const pitch = u.bbox.width / u.data[0].length;
  ctx.save();
  for (const { values, color: name } of series) {
    ctx.fillStyle = color(name);
    values.forEach((value, bin) => {
      if (value == null || values[bin - 1] != null || values[bin + 1] != null) return;
      const y = u.valToPos(place(value), "y", true);
      ctx.fillRect(u.bbox.left + bin * pitch, y - ratio * 0.8, Math.max(pitch, 2), ratio * 1.6);
    });
  }
  ctx.restore();
}

/** Base line of the chart. */
export function paintBase(u) {
  const { ctx } = u;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.fillStyle = color("--line2");
  ctx.fillRect(u.bbox.left, u.bbox.top + u.bbox.height, u.bbox.width, ratio);
  ctx.restore();
}

/** One vertical line, a point on each line of data, and the time in a box below. */
export function paintCrosshair(u, index, text, points) {
  const { ctx } = u;
  const ratio = devicePixelRatio;
  const bins = u.data[0].length;
  const x = Math.round(u.bbox.left + ((index + 0.5) / bins) * u.bbox.width);
  const base = u.bbox.top + u.bbox.height;
  ctx.save();
  ctx.fillStyle = color("--ink");
  ctx.fillRect(x - ratio / 2, u.bbox.top - 7 * ratio, ratio, u.bbox.height + 7 * ratio);
  for (const { value, stroke } of points) {
    if (value == null) continue;
    const y = u.valToPos(value, "y", true);
    ctx.beginPath();
    ctx.arc(x, y, 3.5 * ratio, 0, 2 * Math.PI);
    ctx.fillStyle = color("--bg");
    ctx.fill();
    ctx.beginPath();
    ctx.arc(x, y, 2.6 * ratio, 0, 2 * Math.PI);
    ctx.fillStyle = color(stroke);
    ctx.fill();
  }
  ctx.font = font(ratio, 500);
  const wide = ctx.measureText(text).width + 8 * ratio;
  const left = Math.min(Math.max(x - wide / 2, u.bbox.left), u.bbox.left + u.bbox.width - wide);
  ctx.fillStyle = color("--ink");
  ctx.fillRect(left, base + 3 * ratio, wide, 15 * ratio);
  ctx.fillStyle = color("--bg");
  ctx.textBaseline = "middle";
  ctx.textAlign = "left";
  ctx.fillText(text, left + 4 * ratio, base + 11 * ratio);
  ctx.restore();
}
