/** A figure of the text that answers the reader; `close` ends what it runs. */
export interface LiveFigure {
  readonly element: HTMLElement;
  close(): void;
}
