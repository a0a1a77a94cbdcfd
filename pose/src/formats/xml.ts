import { DataError } from 'wgrad';

/** An element of an XML file, with the elements in it. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  /** The text in it, without that of its elements. */
  readonly text: string;
  /** Where it begins. */
  readonly line: number;
}

interface OpenElement extends XmlElement {
  readonly children: XmlElement[];
  text: string;
}

/** Elements within elements beyond this are no data. */
const MOST_DEPTH = 64;

/**
 * The root element of an XML file. Entities other than XML's own five and numbered characters are not expanded, and nothing
 * outside of the text is read.
 * @throws DataError naming file and line where it is not well formed
 */
export async function parseXml(text: string, file: string): Promise<XmlElement> {
  // The parser is only loaded for a file that wants it.
  const { SaxesParser } = await import('saxes');
  const parser = new SaxesParser({ position: true, xmlns: false });
  const open: OpenElement[] = [];
  let root: XmlElement | undefined;
  let fault: Error | undefined;
  parser.on('error', (error) => {
    fault ??= error;
  });
  parser.on('opentag', ({ name, attributes }) => {
    const element: OpenElement = { name, attributes, children: [], text: '', line: parser.line };
    open.at(-1)?.children.push(element);
    root ??= element;
    open.push(element);
    if (open.length > MOST_DEPTH) fault ??= new Error(`elements within ${MOST_DEPTH} others`);
  });
  const append = (part: string) => {
    const last = open.at(-1);
    if (last) last.text += part;
  };
  parser.on('text', append);
  parser.on('cdata', append);
  parser.on('closetag', () => {
    open.pop();
  });
  const plain = text.replace(/^\uFEFF/, '');
  for (let at = 0; at < plain.length && !fault; at += CHUNK) parser.write(plain.slice(at, at + CHUNK));
  if (!fault) parser.close();
  if (fault) throw new DataError(`${file}: not well-formed XML (${String(fault.message).split('\n')[0]})`);
  if (root) return root;
  throw new DataError(`${file}: no element in it; expected XML`);
}

/** Characters that are parsed at once, so that a fault ends the work. */
const CHUNK = 1 << 16;
