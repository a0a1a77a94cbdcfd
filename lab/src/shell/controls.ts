import { element } from './element.js';
import type { Settings } from './settings.js';

let count = 0;
const freshId = () => `control-${count++}`;

/** A list to choose from; the choice goes into the address, and `changed` is called. */
export function chooser(
  settings: Settings,
  name: string,
  label: string,
  options: Readonly<Record<string, string>>,
  standard: string,
  changed: () => void,
): HTMLElement {
  const id = freshId();
  const chosen = settings.choice(name, Object.keys(options), standard);
  const list = element(
    'select',
    { id, name },
    Object.entries(options).map(([value, text]) => element('option', { value, selected: value === chosen }, text)),
  );
  list.onchange = () => {
    settings.set(name, list.value);
    changed();
  };
  return element('div', { class: 'control' }, element('label', { for: id }, label), list);
}

export interface SliderOptions {
  readonly standard: number;
  readonly least: number;
  readonly most: number;
  readonly step: number;
  /** The slider moves by powers of ten; bounds and step are exponents then. */
  readonly logarithmic?: boolean;
}

/** What a slider means. */
export function sliderValue(settings: Settings, name: string, options: SliderOptions): number {
  const { standard, least, most, logarithmic } = options;
  const scale = (x: number) => (logarithmic ? 10 ** x : x);
  return settings.number(name, scale(standard), scale(least), scale(most));
}

/** A slider with its value beside it; the value goes into the address, and `changed` is called. */
export function slider(
  settings: Settings,
  name: string,
  label: string,
  options: SliderOptions,
  changed: () => void,
): HTMLElement {
  const id = freshId();
  const { least, most, step, logarithmic } = options;
  const show = (value: number) => String(Number(value.toPrecision(2)));
  const value = sliderValue(settings, name, options);
  const output = element('output', { for: id }, show(value));
  const input = element('input', { id, name, type: 'range', min: least, max: most, step });
  input.value = String(logarithmic ? Math.log10(value) : value);
  input.setAttribute('aria-valuetext', show(value));
  input.oninput = () => {
    const next = Number((logarithmic ? 10 ** input.valueAsNumber : input.valueAsNumber).toPrecision(2));
    output.textContent = show(next);
    input.setAttribute('aria-valuetext', show(next));
    settings.set(name, next);
  };
  input.onchange = changed;
  return element('div', { class: 'control' }, element('label', { for: id }, label, output), input);
}

/** A whole number to type. */
export function numberField(
  settings: Settings,
  name: string,
  label: string,
  { standard, least, most }: { readonly standard: number; readonly least: number; readonly most: number },
  changed: () => void,
): HTMLElement {
  const id = freshId();
  const input = element('input', { id, name, type: 'number', min: least, max: most, step: 1 });
  input.value = String(Math.round(settings.number(name, standard, least, most)));
  input.onchange = () => {
    if (!input.validity.valid || Number.isNaN(input.valueAsNumber)) return void input.reportValidity();
    settings.set(name, input.valueAsNumber);
    changed();
  };
  return element('div', { class: 'control' }, element('label', { for: id }, label), input);
}

/** The button of a form that does what Enter in its fields does: without one, browsers hear Enter in a lone field only. */
export function submitButton(label: string): HTMLButtonElement {
  return element('button', { type: 'submit', class: 'primary' }, label);
}

/** A button that does something. */
export function button(label: string, press: () => void, kind = ''): HTMLButtonElement {
  return element('button', { type: 'button', class: kind || undefined, onclick: press }, label);
}
