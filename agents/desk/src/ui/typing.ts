// Whether a key goes into a field: then it is a letter and nothing else.
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || target.matches("textarea, select, input:not([type='radio'], [type='checkbox'])");
}
