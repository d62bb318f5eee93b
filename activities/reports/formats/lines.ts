const LINE_FEED = 10;

/** Yields the lines of a UTF-8 byte stream. (`readline` also splits at U+2028, which JSON may contain unescaped.) */
export async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let rest: Buffer[] = [];
  for await (const chunk of chunks) {
    let from = 0;
    for (let at = chunk.indexOf(LINE_FEED); at !== -1; at = chunk.indexOf(LINE_FEED, from)) {
      const end = chunk.subarray(from, at);
      yield (rest.length > 0 ? Buffer.concat([...rest, end]) : end).toString('utf8');
      rest = [];
      from = at + 1;
    }
    if (from < chunk.length) rest.push(chunk.subarray(from));
  }
  if (rest.length > 0) yield Buffer.concat(rest).toString('utf8');
}
