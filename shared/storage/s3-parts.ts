const MB = 1024 * 1024;
const SMALLEST_PART = 8 * MB;
const PARTS_OF_A_SIZE = 1_000;

export interface Part {
  /** From 1. */
  number: number;
  body: Buffer;
  isLast: boolean;
}

/**
 * Returns the size of a part in bytes. The stream's length is unknown and S3 allows at most 10,000 parts, so parts grow:
 * 8 MB for the first 8 GB, 32 MB up to 40 GB, and so on to 2.9 TB in all. The boundaries are the same in every attempt.
 */
export function partSize(number: number): number {
  const step = 1 + Math.floor((number - 1) / PARTS_OF_A_SIZE);
  return SMALLEST_PART * step ** 2;
}

/** Splits chunks into parts. The last part may be shorter; it is empty only if there is no data. */
export async function* partsOf(chunks: AsyncIterable<Buffer>, sizeOf = partSize): AsyncGenerator<Part> {
  let number = 1;
  let held: Buffer[] = [];
  let room = sizeOf(number);
  for await (const chunk of chunks) {
    let rest = chunk;
    // A full part is held back until the next byte shows that it is not the last.
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
