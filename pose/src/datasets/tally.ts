/** Counts by reason what is left out, so that nothing is left out in silence. A reason begins with what it is of, in the plural. */
export class Tally extends Map<string, number> {
  add(reason: string, count = 1): void {
    if (count > 0) this.set(reason, (this.get(reason) ?? 0) + count);
  }

  addAll(other: ReadonlyMap<string, number>): void {
    for (const [reason, count] of other) this.add(reason, count);
  }

  /** `12 people without a labelled joint, 3 crowds`, the most frequent first; '' where nothing is left out. */
  text(): string {
    const rows = [...this].sort(([, a], [, b]) => b - a);
    return rows.map(([reason, count]) => `${count} ${count === 1 ? singular(reason) : reason}`).join(', ');
  }
}

/** `box outside its picture` of `boxes outside its picture`. */
const singular = (reason: string): string =>
  reason.replace(/^\w+/, (things) => (things === 'people' ? 'person' : things.replace(/(?<=x)es$|s$/, '')));
