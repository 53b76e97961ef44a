// A colour of the theme as a canvas wants it.
export function colourOf(name: string, within: HTMLElement | null): string {
  const probe = document.createElement("i");
  probe.style.color = `var(${name})`;
  within?.append(probe);
  const seen = getComputedStyle(probe).color;
  probe.remove();
  return seen;
}
