const MB = 1024 * 1024;
const SMALLEST_PART = 8 * MB;
const PARTS_OF_A_SIZE = 1_000;

export interface Part {
  /** From 1 on. */
  number: number;
  body: Buffer;
  isLast: boolean;
}

/**
 * The size of a part. Nobody knows how long a stream will be and there are at most 10,000 parts, so they grow: 8 MB for
 * the first 8 GB, 32 MB up to 40 GB, and so on to 2.9 TB in all. Every attempt at a file cuts it in the same places.
 */
export function partSize(number: number): number {
  const step = 1 + Math.floor((number - 1) / PARTS_OF_A_SIZE);
  return SMALLEST_PART * step ** 2;
}

/** Cuts chunks into parts; the last one may be shorter, and is empty only where there is nothing at all. */
export async function* partsOf(chunks: AsyncIterable<Buffer>, sizeOf = partSize): AsyncGenerator<Part> {
  let number = 1;
  let held: Buffer[] = [];
  let room = sizeOf(number);
  for await (const chunk of chunks) {
    let rest = chunk;
    // A full part waits for the next byte, which tells that it is not the last.
    while (rest.length > room) {
      held.push(rest.subarray(0, room));
      rest = rest.subarray(room);
      const body = Buffer.concat(held);
      held = [];
      yield { number, body, isLast: false };
      number += 1;
      room = sizeOf(number);
    }
    if (rest.length > 0) held.push(rest);
    room -= rest.length;
  }
  yield { number, body: Buffer.concat(held), isLast: true };
}
