// How things that do not fit are dealt out over pages and columns.

export interface Dealt<T> {
  shown: T[];
  page: number;
  pages: number;
}

// The page is brought back into range, so that a list may shrink under it.
export function deal<T>(all: readonly T[], perPage: number, page: number): Dealt<T> {
  const size = Math.max(1, perPage);
  const pages = Math.max(1, Math.ceil(all.length / size));
  const at = ((page % pages) + pages) % pages;
  return { shown: all.slice(at * size, (at + 1) * size), page: at, pages };
}

// One column while its rows stay large, then two, each filled downwards.
export function columns<T>(all: readonly T[], rowsAtMost: number): T[][] {
  if (all.length <= rowsAtMost) return [all.slice()];
  const rows = Math.ceil(all.length / 2);
  return [all.slice(0, rows), all.slice(rows)];
}
