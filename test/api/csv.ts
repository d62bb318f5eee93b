/** Parses a CSV (RFC 4180) with a header, independently of the production writer. */
export function parseCsv(text: string): Record<string, string>[] {
  const lines: string[][] = [];
  let line: string[] = [];
  let cell = '';
  let isQuoted = false;
  for (let n = 0; n < text.length; n += 1) {
    const sign = text[n];
    if (isQuoted) {
      if (sign !== '"') cell += sign;
      else if (text[n + 1] === '"') {
        cell += '"';
        n += 1;
      } else isQuoted = false;
    } else if (sign === '"') isQuoted = true;
    else if (sign === ',' || sign === '\n') {
      line.push(cell);
      cell = '';
      if (sign === '\n') {
        lines.push(line);
        line = [];
      }
    } else cell += sign;
  }
  const [header = [], ...rows] = lines;
  return rows.map((cells) => Object.fromEntries(header.map((name, n) => [name, cells[n] ?? ''])));
}
