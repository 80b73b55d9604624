/**
 * Places of a canvas's parts: pure functions from the tree to boxes and edges.
 *
 * Everything of a column is centred on one middle line. A part is {w, h, place(x, y, out)}, in
 * which y is its middle; `out` collects nodes, frames, edges and heads.
 */
import { groupWords, isDashed, kindWord, labelOf, sideText } from "./words.js";

const nodeHigh = 28;
const gap = { columns: 72, nested: 28, members: 6, chains: 20, rows: 40 };
const pad = 13;
const deepest = 3;

function taskPart(node, measure, at) {
  const label = labelOf(node);
  const side = sideText(node, at);
  const wide = measure(label.text, label.code) + measure(side, false) + 14 + 8 + 16 + (side ? 20 : 0);
  return {
    w: Math.min(Math.max(Math.ceil(wide), 120), 380),
    h: nodeHigh,
    grows: true,
    place(x, y, out, w = this.w) {
      out.nodes.push({ x, y: y - nodeHigh / 2, w, h: nodeHigh, node, label, side });
    },
  };
}

/** A link in place of what lies too deep. */
function deepPart(node, measure) {
  const text = `${kindWord(node.kind)} ${node.size ?? node.steps?.length ?? ""}`;
  return {
    w: Math.ceil(measure(text, false)) + 40, h: nodeHigh,
    place(x, y, out, w = this.w) {
      out.deep.push({ x, y: y - nodeHigh / 2, w, h: nodeHigh, node, text });
    },
  };
}

function rowPart(parts, passed, between, widths) {
  if (widths) parts = parts.map((part, at) => ({ ...part, w: widths[at] }));
  const w = parts.reduce((sum, part) => sum + part.w, 0) + between * (parts.length - 1);
  const h = Math.max(...parts.map((part) => part.h));
  return {
    w,
    h,
    grows: parts.every((part) => part.grows),
    cells: parts,
    widen: (wide) => rowPart(parts, passed, between, wide),
    place(x, y, out, wide = w) {
      const extra = (wide - w) / parts.length;
      let left = x;
      parts.forEach((part, index) => {
        const own = part.w + (part.grows ? extra : 0);
        part.place(left, y, out, own);
        if (index < parts.length - 1) {
          out.edges.push({ x1: left + own, y1: y, x2: left + own + between, y2: y, ...passed[index] });
        }
        left += own + between;
      });
    },
  };
}

function stackPart(parts, passed, between) {
  const w = Math.max(...parts.map((part) => part.w));
  const h = parts.reduce((sum, part) => sum + part.h, 0) + between * (parts.length - 1);
  return {
    w,
    h,
    grows: true,
    place(x, y, out, wide = w) {
      let top = y - h / 2;
      parts.forEach((part, index) => {
        part.place(x, top + part.h / 2, out, wide);
        if (index < parts.length - 1) {
          const bottom = top + part.h;
          out.edges.push({ x1: x + wide / 2, y1: bottom, x2: x + wide / 2, y2: bottom + between, ...passed[index] });
        }
        top += part.h + between;
      });
    },
  };
}

/** Give chains of equal length that stand below each other the same columns. */
function alignRows(parts) {
  const lengths = new Set(parts.map((part) => part.cells?.length));
  if (lengths.size !== 1 || lengths.has(undefined)) return parts;
  const widths = parts[0].cells.map((_, at) => Math.max(...parts.map((part) => part.cells[at].w)));
  return parts.map((part) => part.widen(widths));
}

function groupPart(group, depth, context) {
  const chains = group.members?.some((member) => member.kind !== "task");
  const parts = alignRows((group.members ?? []).map((member) => partOf(member, depth + 1, context)));
  const between = chains ? gap.chains : gap.members;
  const inner = Math.max(
    ...parts.map((part) => part.w), group.collapsed ? 340 : 0,
    depth > 0 ? Math.ceil(context.measure(groupWords(group), false)) : 0, 160,
  );
  const edge = chains ? pad + 7 : pad;
  const head = group.collapsed ? 52 : depth > 0 ? 22 : 0;
  const foot = group.collapsed ? 34 : 0;
  const stack = parts.reduce((sum, part) => sum + part.h, 0) + between * Math.max(parts.length - 1, 0);
  const h = stack + head + foot + edge * 2;
  return {
    w: inner + pad * 2,
    h,
    grows: true,
    place(x, y, out, w = this.w) {
      const top = y - h / 2;
      out.frames.push({ x, y: top, w, h, group, depth, words: depth > 0 ? groupWords(group) : null });
      let down = top + edge + head;
      for (const part of parts) {
        part.place(x + pad, down + part.h / 2, out, w - pad * 2);
        down += part.h + between;
      }
    },
  };
}

/** The edge from a header to its body: how many members are done. */
function chordEdge(header, body) {
  const size = header?.size ?? header?.members?.length ?? 0;
  const done = header?.done ?? 0;
  const failed = (header?.counts?.failed ?? 0) + (header?.counts?.dead ?? 0) > 0 || body?.state === "not_run";
  return { passed: header?.passed ?? (size > 0 && done >= size), done, size, failed };
}

function partOf(node, depth, context) {
  const { measure, at, down } = context;
  if (node.kind === "task") return taskPart(node, measure, at);
  if (depth > deepest) return deepPart(node, measure);
  const join = down ? stackPart : rowPart;
  if (node.kind === "group") return groupPart(node, depth, context);
  if (node.kind === "chord") {
    const header = partOf(node.header, depth, context);
    if (!node.body) return header;
    return join([header, partOf(node.body, depth, context)], [chordEdge(node.header, node.body)], down ? gap.rows : gap.columns);
  }
  const parts = node.steps.map((step) => partOf(step, depth, context));
  const edges = node.steps.map((step) => ({ passed: step.passed ?? !isDashed(step) }));
  return join(parts, edges, down ? gap.chains : gap.nested);
}

/** Columns of the whole: a chord takes two. */
function columnsOf(root) {
  const steps = root.kind === "chain" ? root.steps : [root];
  const numbered = steps.length > 1;
  return steps.flatMap((step, index) => {
    const number = numbered ? `${index + 1} ` : "";
    const title = `${number}${kindWord(step.kind)}`;
    const passed = { passed: Boolean(step.passed) };
    const of = step.kind === "group" ? { done: step.done ?? 0, size: step.size ?? step.members?.length } : {};
    if (step.kind === "chord") {
      return [
        { node: step.header, title, words: step.header ? groupWords(step.header) : "", edge: chordEdge(step.header, step.body) },
        ...(step.body ? [{ node: step.body, words: ["body", index + 1, numbered], edge: passed }] : []),
      ];
    }
    const words = step.kind === "group" ? groupWords(step) : "";
    return [{ node: step, title, words, edge: { ...passed, ...of } }];
  });
}

/**
 * Lay a canvas out.
 *
 * `measure(text, code)` is the width of a text in px, `width` what there is, `at` the time of the
 * answer, `down` whether columns stand below each other.
 */
export function layOut(root, { measure, width, at, down = false }) {
  const out = { nodes: [], frames: [], edges: [], heads: [], deep: [] };
  const context = { measure, at, down };
  const columns = columnsOf(root).map((column) => ({ ...column, part: partOf(column.node, 0, context) }));
  return down ? stackColumns(columns, out, width) : spreadColumns(columns, out, width);
}

const headHigh = 24;

function spreadColumns(columns, out, width) {
  const natural = columns.reduce((sum, { part }) => sum + part.w, 0) + gap.columns * (columns.length - 1);
  const extra = Math.min(Math.max(width - natural, 0) / columns.length, 140);
  const high = Math.max(...columns.map(({ part }) => part.h));
  const middle = headHigh + high / 2;
  let x = 0;
  columns.forEach(({ part, title, words, edge }, index) => {
    const w = part.w + extra;
    out.heads.push({ x, y: 0, w: w + gap.columns - 8, title, words });
    part.place(x, middle, out, w);
    if (index < columns.length - 1) {
      out.edges.push({ x1: x + w, y1: middle, x2: x + w + gap.columns, y2: middle, ...edge });
    }
    x += w + gap.columns;
  });
  return { ...out, width: x - gap.columns, height: headHigh + high };
}

function stackColumns(columns, out, width) {
  let y = 0;
  columns.forEach(({ part, title, words, edge }, index) => {
    out.heads.push({ x: 0, y, w: width, title, words });
    y += headHigh;
    part.place(0, y + part.h / 2, out, width);
    y += part.h;
    if (index < columns.length - 1) {
      out.edges.push({ x1: width / 2, y1: y, x2: width / 2, y2: y + 24, ...edge });
      y += 28;
    }
  });
  return { ...out, width, height: y };
}
