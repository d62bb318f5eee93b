import { inflateRawSync } from 'node:zlib';

const END_OF_DIRECTORY = 0x06054b50;
const END_OF_DIRECTORY_BYTES = 22;
const STORED = 0;

/**
 * What is in a zip file, by name: two of equal content differ by the times at which they were made.
 * @throws Error where it is no zip file, or half of one
 */
export function zipEntries(zip: Buffer): Map<string, string> {
  const end = zip.length - END_OF_DIRECTORY_BYTES;
  if (end < 0 || zip.readUInt32LE(end) !== END_OF_DIRECTORY) throw new Error('the zip file has no end');
  const entries = new Map<string, string>();
  let at = zip.readUInt32LE(end + 16);
  for (let left = zip.readUInt16LE(end + 10); left > 0; left -= 1) {
    const [size, nameSize, local] = [zip.readUInt32LE(at + 20), zip.readUInt16LE(at + 28), zip.readUInt32LE(at + 42)];
    const name = zip.toString('utf8', at + 46, at + 46 + nameSize);
    const from = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
    const packed = zip.subarray(from, from + size);
    const content = zip.readUInt16LE(at + 10) === STORED ? packed : inflateRawSync(packed);
    if (entries.has(name)) throw new Error(`the zip file has ${name} twice`);
    entries.set(name, content.toString('utf8'));
    at += 46 + nameSize + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
  return entries;
}
