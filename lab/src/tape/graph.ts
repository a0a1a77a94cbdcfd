import { counted } from 'wgrad/io';
import { BOX, type Edge, layOut, type Vertex } from './layout.js';
import { isPulled, type Stage, stageOf } from './moment.js';
import type { Trace } from './trace.js';

const NAMESPACE = 'http://www.w3.org/2000/svg';
/** The side of the square that stands for a saved tensor. */
const SAVED = 7;

/** A tape as a graph. `show` moves it to the moment after so many steps. */
export interface Graph {
  readonly element: SVGSVGElement;
  show(count: number): void;
  /** Brings what happens now into sight, where there is too little room for the whole tape. */
  follow(): void;
}

/** Draws a tape; `picked` is told of a node that was clicked. */
export function drawGraph(trace: Trace, tape: number, picked: (node: number) => void): Graph {
  const { vertices, edges, width, height } = layOut(trace, tape);
  const nodes = trace.tapes[tape].nodes;
  const ways = edges.map((edge) => ({ edge, path: svg('path', { d: wayOf(edge) }) }));
  const boxes = vertices.map((vertex) => ({ vertex, ...boxOf(vertex, nodes[vertex.node ?? -1]?.keep.length ?? 0) }));
  for (const { vertex, group } of boxes) {
    const { node } = vertex;
    if (node !== undefined) group.addEventListener('click', () => picked(node));
  }
  const label = `Tape ${tape + 1}: ${counted(nodes.length, 'node')}, from ${counted(vertices.length - nodes.length, 'tensor')}. The list below says the same.`;
  const element = svg('svg', {
    class: 'tape-graph',
    role: 'img',
    'aria-label': label,
    viewBox: `0 0 ${width} ${height}`,
  });
  // It grows with the page's letters; where there is little room it shrinks a bit before one has to scroll.
  element.style.width = `${width / 16}rem`;
  element.style.minWidth = `${(0.8 * width) / 16}rem`;
  element.append(...ways.map(({ path }) => path), ...boxes.map(({ group }) => group));
  return {
    element,
    follow() {
      const region = element.parentElement;
      const box = element.querySelector('.box.current');
      if (!region || !box) return;
      const middle = (of: Element) => of.getBoundingClientRect().left + of.getBoundingClientRect().width / 2;
      region.scrollLeft += middle(box) - middle(region);
    },
    show(count) {
      const stages = nodes.map((_, node) => stageOf(trace, tape, node, count));
      for (const { edge, path } of ways) {
        const isBack = isPulled(trace, tape, edge.to, count);
        path.setAttribute('class', `edge ${stages[edge.to]}${isBack ? ' back' : ''}`);
      }
      for (const { vertex, group, saved } of boxes) {
        const stage: Stage = vertex.node === undefined ? 'recorded' : stages[vertex.node];
        const isBack = vertex.node !== undefined && isPulled(trace, tape, vertex.node, count);
        group.setAttribute(
          'class',
          `box ${vertex.node === undefined ? 'leaf' : 'node'} ${stage}${isBack ? ' back' : ''}`,
        );
        const isHeld = stage !== 'future' && stage !== 'passed' && !isBack;
        for (const square of saved) square.setAttribute('class', isHeld ? 'saved held' : 'saved');
      }
    },
  };
}

function boxOf({ title, shape, x, y, node }: Vertex, keeps: number): { group: SVGGElement; saved: SVGElement[] } {
  const group = svg('g', { transform: `translate(${x - BOX.width / 2} ${y - BOX.height / 2})` });
  const radius = node === undefined ? BOX.height / 2 : 9;
  const saved = Array.from({ length: keeps }, (_, i) =>
    svg('rect', { x: BOX.width - 9 - (i + 1) * (SAVED + 2), y: 6, width: SAVED, height: SAVED, rx: 1.5 }),
  );
  group.append(
    svg('rect', { class: 'frame', width: BOX.width, height: BOX.height, rx: radius }),
    text(short(title), 12 + (node === undefined ? 4 : 0), 20, 'name'),
    text(short(shape), 12 + (node === undefined ? 4 : 0), 36, 'shape'),
    ...saved,
  );
  return { group, saved };
}

/** A smooth line through the points, upright at each. */
function wayOf({ points }: Edge): string {
  const [[x, y], ...rest] = points;
  let [fromX, fromY] = [x, y];
  return rest.reduce((way, [toX, toY]) => {
    const bend = (toY - fromY) / 2;
    const next = `${way} C ${fromX} ${fromY + bend} ${toX} ${toY - bend} ${toX} ${toY}`;
    [fromX, fromY] = [toX, toY];
    return next;
  }, `M ${x} ${y}`);
}

const short = (name: string) => (name.length > 15 ? `${name.slice(0, 14)}\u2026` : name);

function text(content: string, x: number, y: number, kind: string): SVGElement {
  const made = svg('text', { x, y, class: kind });
  made.textContent = content;
  return made;
}

function svg<K extends keyof SVGElementTagNameMap>(
  name: K,
  attributes: Readonly<Record<string, string | number>>,
): SVGElementTagNameMap[K] {
  const made = document.createElementNS(NAMESPACE, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  return made;
}
