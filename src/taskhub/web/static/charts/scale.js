/** Ranges and rounded values of axes: pure functions. */

const steps = [1, 2, 3, 4, 5, 6, 8, 10];

/** Distance of grid lines so that two or three stand below `top`. */
export function niceStep(top) {
  if (!(top > 0)) return 1;
  const raw = top / 2;
  const power = 10 ** Math.floor(Math.log10(raw));
  const rounded = steps.reduce((best, step) =>
    Math.abs(step - raw / power) < Math.abs(best - raw / power) ? step : best,
  );
  return rounded * power;
}

/** Values of the grid lines of a linear axis from zero, and where it ends. */
export function linearAxis(top, { whole = true } = {}) {
  let step = niceStep(top);
  if (whole) step = Math.max(Math.round(step), 1);
  const end = Math.max(top * 1.08, step * 2.15);
  const splits = [];
  for (let value = 0; value <= end && splits.length < 4; value += step) splits.push(value);
  return { min: 0, max: end, splits };
}

/** Grid lines of a log axis in powers of ten: exponents, at most four of them. */
export function logAxis(low, high) {
  const bottom = Math.floor(Math.log10(Math.max(low, 1e-4)) + 1e-9);
  const top = Math.max(Math.log10(Math.max(high, 1e-4)), bottom + 1);
  const decades = top - bottom;
  const step = decades > 4.5 ? 2 : 1;
  const splits = [];
  for (let exponent = bottom; exponent <= top; exponent += step) splits.push(exponent);
  return { min: bottom, max: top + decades * 0.07, splits };
}

/** Smallest positive and largest value of several arrays, or null when nothing was measured. */
export function extent(arrays) {
  let low = Infinity;
  let high = -Infinity;
  for (const values of arrays) {
    for (const value of values) {
      if (value == null) continue;
      if (value > 0) low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  return high === -Infinity ? null : { low: low === Infinity ? 1e-3 : low, high };
}

/** Index of the last bin that has a value. */
export function lastKnown(values) {
  for (let at = values.length - 1; at >= 0; at -= 1) if (values[at] != null) return at;
  return -1;
}

/** Bins at which times are written below a chart: about six, the last one at its end. */
export function timeMarks(bins, few = false) {
  const step = Math.max(Math.round(bins / (few ? 3 : 6)), 1);
  const marks = [];
  for (let bin = 0; bin <= bins; bin += step) marks.push(bin);
  return marks;
}
