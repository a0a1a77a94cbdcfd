/** Where the browser keeps for this tab what code the visitor has run in it. */
const RAN = 'wgrad-lab-code';

/** Remembers that the visitor has run code, so that a reload may run it again. */
export function remember(code: string): void {
  try {
    sessionStorage.setItem(RAN, code);
  } catch {
    // A page that may store nothing asks again after a reload.
  }
}

/** Whether the visitor has run it; other code came with the address. */
export function wasRun(code: string): boolean {
  try {
    return sessionStorage.getItem(RAN) === code;
  } catch {
    return false;
  }
}
