/** A canvas as it runs, drawn from left to right, on a narrow screen downwards. */
import { count, splitName } from "../lib/format.js";
import { html, useEffect, useLayoutEffect, useMemo, useRef, useState } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { Link, taskUrl, url } from "../lib/router.js";
import { Mark } from "../ui/mark.js";
import { layOut } from "./layout.js";
import { isDashed, markOf, moreWords, orderedCounts } from "./words.js";

let context2d;

/** Width of a text in px, as the page writes it. */
function measure(text, code) {
  context2d ??= document.createElement("canvas").getContext("2d");
  const style = getComputedStyle(document.documentElement);
  context2d.font = code
    ? `12px ${style.getPropertyValue("--mono")}`
    : `500 13px ${style.getPropertyValue("--sans")}`;
  return context2d.measureText(text ?? "").width;
}

function useWidth() {
  const place = useRef(null);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const renew = () => setWidth(place.current.clientWidth);
    renew();
    const observer = new ResizeObserver(renew);
    observer.observe(place.current);
    return () => observer.disconnect();
  }, []);
  return [place, width];
}

const box = ({ x, y, w, h }) => ({
  left: `${x}px`, top: `${y}px`, width: `${w}px`, ...(h ? { height: `${h}px` } : {}),
});

function Node({ item }) {
  const { node, label, side } = item;
  const kind = ["node", isDashed(node) ? "dashed" : "", node.own ? "own" : "", `is-${node.state}`].join(" ");
  const content = html`<${Mark} of=${markOf(node.state)} alone />
    <span class=${label.code ? "label mono" : "label"}>${label.text}</span>
    <span class="side">${side}</span>`;
  return node.id
    ? html`<${Link} class=${kind} style=${box(item)} to=${taskUrl(node.id)} title=${`${splitName(node.task ?? "").join("")} ${node.id}`} aria-current=${node.own ? "true" : undefined}>${content}<//>`
    : html`<span class=${kind} style=${box(item)}>${content}</span>`;
}

function Frame({ item }) {
  const { group } = item;
  return html`<div class="frame" style=${box(item)}>
    ${item.words ? html`<span class="frame-words">${item.words}</span>` : null}
    ${group.collapsed ? html`<${Collapsed} group=${group} />` : null}
  </div>`;
}

const fills = {
  succeeded: "--fill-succeeded-edge", failed: "--fill-failed", dead: "--dead", retrying: "--fill-retried",
  running: "--busy", waiting: "--line2", delayed: "--delayed", revoked: "--fill-revoked",
  not_run: "--fill-failed", unknown: "--line2",
};

/** Members by state: a bar, counts with marks, and a link to all. */
function Collapsed({ group }) {
  const counts = orderedCounts(group.counts);
  return html`
    <div class="state-bar">${counts.map(([state, n]) => html`<i style=${{ flexGrow: n, background: `var(${fills[state]})` }}></i>`)}</div>
    <ul class="state-counts">${counts.map(([state, n]) => html`<li><${Mark} of=${markOf(state)} alone /> ${count(n)}</li>`)}</ul>
    <div class="frame-foot">
      ${group.filter
        ? html`<${Link} to=${url("/tasks", { filter: group.filter })}>${t("All {n} in Tasks", { n: group.size })}<//>`
        : html`<span></span>`}
      <span class="ink2">${moreWords(group)}</span>
    </div>`;
}

/** Line with an arrow head; a dashed one was not passed. */
function Edge({ edge }) {
  const { x1, y1, x2, y2, passed } = edge;
  const down = x1 === x2;
  const head = down ? `M${x2 - 4} ${y2 - 7}h8l-4 6z` : `M${x2 - 7} ${y2 - 4}v8l6-4z`;
  return html`<g class=${passed ? "edge passed" : "edge"}>
    <path d=${down ? `M${x1} ${y1}V${y2 - 7}` : `M${x1} ${y1}H${x2 - 7}`} class="line" />
    <path d=${head} class="head" />
  </g>`;
}

function EdgeLabel({ edge }) {
  if (edge.size == null) return null;
  const text = edge.size > 99 && edge.done < edge.size ? count(edge.done) : t("{part} of {whole}", { part: edge.done, whole: edge.size });
  const down = edge.x1 === edge.x2;
  const style = down
    ? { left: `${edge.x1 + 8}px`, top: `${edge.y1 + 2}px` }
    : { left: `${edge.x1}px`, width: `${edge.x2 - edge.x1}px`, top: `${edge.y1 - 19}px` };
  return html`<span class=${edge.failed ? "edge-label danger" : "edge-label"} style=${style}>${text}</span>`;
}

function Head({ item }) {
  const words = Array.isArray(item.words)
    ? item.words[2] ? t("body of {n}", { n: item.words[1] }) : t("body")
    : item.words;
  return html`<span class="column-head" style=${box(item)}><b>${item.title}</b> ${words}</span>`;
}

export function CanvasDrawing({ canvas }) {
  const [place, width] = useWidth();
  const down = width > 0 && width < 620;
  const laid = useMemo(
    () => (width ? layOut(canvas.node, { measure, width, at: canvas.at, down }) : null), [canvas, width],
  );
  const drawn = Boolean(laid);
  useEffect(() => {
    const own = place.current.querySelector(".node.own");
    if (!own || down) return;
    const left = own.offsetLeft + own.offsetWidth / 2 - place.current.clientWidth / 2;
    if (place.current.scrollWidth > place.current.clientWidth) place.current.scrollLeft = left;
  }, [drawn, canvas.root?.id]);
  return html`<div class="canvas" ref=${place} tabindex=${laid && laid.width > width ? "0" : undefined}>
    ${laid
      ? html`<div class="canvas-sheet" style=${{ width: `${laid.width}px`, height: `${laid.height}px` }}>
          ${laid.heads.map((item) => html`<${Head} item=${item} />`)}
          ${laid.frames.map((item) => html`<${Frame} item=${item} />`)}
          <svg class="edges" width=${laid.width} height=${laid.height} aria-hidden="true">
            ${laid.edges.map((edge) => html`<${Edge} edge=${edge} />`)}
          </svg>
          ${laid.edges.map((edge) => html`<${EdgeLabel} edge=${edge} />`)}
          ${laid.nodes.map((item) => html`<${Node} key=${item.node.id} item=${item} />`)}
          ${laid.deep.map((item) => html`<span class="node" style=${box(item)}>${item.text}</span>`)}
        </div>`
      : null}
  </div>`;
}
