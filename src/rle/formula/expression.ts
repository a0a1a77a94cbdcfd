/**
 * Formulas of numbers. One definition can be evaluated in float64, printed as WGSL and differentiated; the derivatives
 * are formulas again. `jointwise` computes them in one dispatch for all coordinates of a batch.
 */
export interface Expression {
  readonly kind: 'operand' | 'scalar' | 'constant' | FunctionName;
  readonly args: readonly Expression[];
  /** The value of a constant, or the index of an operand or scalar; else 0. */
  readonly value: number;
}

type FunctionName =
  | 'add'
  | 'mul'
  | 'div'
  | 'exp'
  | 'log'
  | 'log1p'
  | 'sigmoid'
  | 'softplus'
  | 'abs'
  | 'sign'
  | 'atLeast'
  | 'wherePositive';

interface FunctionRule {
  value(...args: number[]): number;
  /** WGSL for the value, from the names of the arguments. */
  wgsl(...args: string[]): string;
  /**
   * The cotangent of each argument, from the cotangent g of the result `y`. Arguments without a derivative are left
   * out.
   */
  pull(g: Expression, y: Expression): readonly (Expression | undefined)[];
}

const FUNCTIONS: Readonly<Record<FunctionName, FunctionRule>> = {
  add: {
    value: (a, b) => a + b,
    wgsl: (a, b) => `${a} + ${b}`,
    pull: (g) => [g, g],
  },
  mul: {
    value: (a, b) => a * b,
    wgsl: (a, b) => `${a} * ${b}`,
    pull: (g, { args: [a, b] }) => [mul(g, b), mul(g, a)],
  },
  div: {
    value: (a, b) => a / b,
    wgsl: (a, b) => `${a} / ${b}`,
    pull: (g, y) => [div(g, y.args[1]), neg(div(mul(g, y), y.args[1]))],
  },
  exp: {
    value: Math.exp,
    wgsl: (x) => `exponential(${x})`,
    pull: (g, y) => [mul(g, y)],
  },
  log: {
    value: Math.log,
    wgsl: (x) => `ln(${x})`,
    pull: (g, { args: [x] }) => [div(g, x)],
  },
  log1p: {
    value: Math.log1p,
    wgsl: (x) => `log1p(${x})`,
    pull: (g, { args: [x] }) => [div(g, add(x, 1))],
  },
  sigmoid: {
    value: (x) => 1 / (1 + Math.exp(-x)),
    wgsl: (x) => `sigmoid(${x})`,
    pull: (g, y) => [mul(g, mul(y, sigmoid(neg(y.args[0]))))],
  },
  softplus: {
    value: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
    wgsl: (x) => `softplus(${x})`,
    pull: (g, { args: [x] }) => [mul(g, sigmoid(x))],
  },
  abs: {
    value: Math.abs,
    wgsl: (x) => `abs(${x})`,
    pull: (g, { args: [x] }) => [mul(g, sign(x))],
  },
  sign: {
    value: Math.sign,
    wgsl: (x) => `sign(${x})`,
    pull: () => [undefined],
  },
  atLeast: {
    value: Math.max,
    wgsl: (x, least) => `select(${x}, ${least}, ${x} < ${least})`,
    // At the kink itself the gradient is halved, as in `maximum`.
    pull: (g, { args: [x, least] }) => [mul(g, add(mul(sign(sub(x, least)), 0.5), 0.5))],
  },
  wherePositive: {
    value: (condition, x) => (condition > 0 ? x : 0),
    wgsl: (condition, x) => `select(0.0, ${x}, ${condition} > 0.0)`,
    pull: (g, { args: [condition] }) => [undefined, wherePositive(condition, g)],
  },
};

/** A part of a formula, or a number. */
export type Term = Expression | number;

const made = new Map<string, Expression>();
const idOf = new Map<Expression, number>();

/** Equal expressions are one object, so that parts shared by two derivatives are computed once. */
function node(kind: Expression['kind'], args: readonly Expression[], value = 0): Expression {
  const key = `${kind} ${value} ${args.map((x) => idOf.get(x)).join(' ')}`;
  const known = made.get(key);
  if (known) return known;
  const expression = { kind, args, value };
  made.set(key, expression);
  idOf.set(expression, idOf.size);
  return expression;
}

export const constant = (value: number): Expression => node('constant', [], value);
/** The i-th operand. */
export const operand = (i: number): Expression => node('operand', [], i);
/** The i-th of the scalars of a call, which are the same for all coordinates. */
export const scalar = (i: number): Expression => node('scalar', [], i);

const expressionOf = (term: Term): Expression => (typeof term === 'number' ? constant(term) : term);

function call(name: FunctionName, ...terms: Term[]): Expression {
  const args = terms.map(expressionOf);
  return args.every(({ kind }) => kind === 'constant')
    ? constant(FUNCTIONS[name].value(...args.map(({ value }) => value)))
    : node(name, args);
}

const is = (term: Term, value: number): boolean => expressionOf(term) === constant(value);

export function add(a: Term, b: Term): Expression {
  if (is(a, 0)) return expressionOf(b);
  return is(b, 0) ? expressionOf(a) : call('add', a, b);
}
export function mul(a: Term, b: Term): Expression {
  if (is(a, 0) || is(b, 0)) return constant(0);
  if (is(a, 1)) return expressionOf(b);
  return is(b, 1) ? expressionOf(a) : call('mul', a, b);
}
export function div(a: Term, b: Term): Expression {
  if (is(a, 0)) return constant(0);
  return is(b, 1) ? expressionOf(a) : call('div', a, b);
}
export const neg = (x: Term): Expression => mul(x, -1);
export const sub = (a: Term, b: Term): Expression => add(a, neg(b));
export const exp = (x: Term): Expression => call('exp', x);
export const log = (x: Term): Expression => call('log', x);
export const log1p = (x: Term): Expression => call('log1p', x);
export const sigmoid = (x: Term): Expression => call('sigmoid', x);
export const softplus = (x: Term): Expression => call('softplus', x);
export const abs = (x: Term): Expression => call('abs', x);
export const sign = (x: Term): Expression => call('sign', x);
export const square = (x: Term): Expression => mul(x, x);
/** `max(x, least)`; no gradient reaches `least`. */
export const atLeast = (x: Term, least: Term): Expression => call('atLeast', x, least);
/** `x` where the condition is above zero, else 0, even if x is NaN there; a product would pass NaN on. */
export function wherePositive(condition: Term, x: Term): Expression {
  if (is(x, 0)) return constant(0);
  return is(condition, 1) ? expressionOf(x) : call('wherePositive', condition, x);
}

/** All parts of some expressions, each after the parts that it consists of. */
function inOrder(roots: readonly Expression[]): Expression[] {
  const seen = new Set<Expression>();
  const visit = (x: Expression): void => {
    if (seen.has(x)) return;
    x.args.forEach(visit);
    seen.add(x);
  };
  roots.forEach(visit);
  return [...seen];
}

/** The gradient of `sum cotangent * output` with respect to operands, by the chain rule from the outputs backwards. */
export function gradient(
  outputs: readonly (readonly [output: Expression, cotangent: Expression])[],
  operands: readonly Expression[],
): Expression[] {
  const cotangents = new Map<Expression, Expression>();
  const give = (x: Expression, g: Expression) => cotangents.set(x, add(cotangents.get(x) ?? 0, g));
  for (const [output, cotangent] of outputs) give(output, cotangent);
  for (const x of inOrder(outputs.map(([output]) => output)).reverse()) {
    const g = cotangents.get(x);
    if (!g || x.args.length === 0) continue;
    FUNCTIONS[x.kind as FunctionName].pull(g, x).forEach((share, i) => {
      if (share) give(x.args[i], share);
    });
  }
  return operands.map((x) => cotangents.get(x) ?? constant(0));
}

/** A function that evaluates expressions in float64. */
export function evaluator(
  roots: readonly Expression[],
): (operands: readonly number[], scalars: readonly number[]) => readonly number[] {
  const order = inOrder(roots);
  const place = new Map(order.map((x, i) => [x, i]));
  const steps = order.map(({ kind, args, value }) => ({
    kind,
    value,
    rule: FUNCTIONS[kind as FunctionName] as FunctionRule | undefined,
    at: args.map((x) => place.get(x) as number),
  }));
  const values = new Array<number>(order.length).fill(0);
  const results = roots.map((x) => place.get(x) as number);
  return (operands, scalars) => {
    steps.forEach(({ kind, value, rule: of, at }, i) => {
      if (of) values[i] = of.value(values[at[0]], values[at[1]]);
      else values[i] = kind === 'constant' ? value : kind === 'operand' ? operands[value] : scalars[value];
    });
    return results.map((i) => values[i]);
  };
}

/** Operands that expressions read. */
export function operandsOf(roots: readonly Expression[]): number[] {
  return inOrder(roots).flatMap(({ kind, value }) => (kind === 'operand' ? [value] : []));
}

/** Statements of WGSL that compute expressions from variables `x0, x1, ...` and `params.s0, ...`, and the names of the results. */
export function printed(roots: readonly Expression[]): { readonly statements: string; readonly results: string[] } {
  const names = new Map<Expression, string>();
  const statements: string[] = [];
  for (const x of inOrder(roots)) {
    const { kind, args, value } = x;
    if (kind === 'operand') names.set(x, `x${value}`);
    else if (kind === 'scalar') names.set(x, `params.s${value}`);
    else if (kind === 'constant') names.set(x, `f32(${value})`);
    else {
      const name = `v${statements.length}`;
      statements.push(`let ${name} = ${FUNCTIONS[kind].wgsl(...args.map((arg) => names.get(arg) as string))};`);
      names.set(x, name);
    }
  }
  return { statements: statements.join('\n    '), results: roots.map((x) => names.get(x) as string) };
}
