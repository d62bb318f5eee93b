import type { Readable } from 'node:stream';

export interface StoredFile {
  sizeBytes: number;
  sha256: string;
}

export interface WriteFileOptions {
  signal?: AbortSignal;
  /** Called with each chunk as it passes. */
  onChunk?: (chunk: Buffer) => void;
}

export interface SignedUrlOptions {
  expiresInSeconds: number;
  /** The name that a browser saves the file under. */
  fileName: string;
  contentType: string;
}

/** Where report files are kept. Keys are relative paths, `org/report/name.csv`; a file is there whole or not at all. */
export interface Storage {
  /** What an operator knows this storage by. */
  readonly place: string;
  /** Writes a file under a name that nobody sees until it is whole; an abort or a fault leaves nothing. */
  write(key: string, source: Readable, options?: WriteFileOptions): Promise<StoredFile>;
  /** Size in bytes; null where there is no such file. */
  size(key: string): Promise<number | null>;
  /** The file, or the bytes from `start` to `end`, both included. Destroy it when it is not read to its end. */
  read(key: string, range?: { start: number; end: number }): Readable;
  /** Removes a folder with all that is in it; nothing where there is none. */
  removeFolder(key: string): Promise<void>;
  /** Removes what is in a folder besides this file of it. */
  removeAllBut(fileKey: string): Promise<void>;
  removeFile(key: string): Promise<void>;
  /**
   * Removes what killed writers began before this time and never finished.
   * @returns how many, `atMost` in one go
   */
  removeUnfinished(begunBefore: Date, atMost: number): Promise<number>;
  /** A link that gives the file to whoever has it; null where only the API can hand it out. */
  signedUrl(key: string, options: SignedUrlOptions): Promise<string | null>;
}

/** @throws Error for a key that is no plain relative path: it might leave the storage */
export function requireInside(key: string): void {
  const isPlain = key.split('/').every((segment) => segment !== '' && segment !== '.' && segment !== '..');
  if (!isPlain || key.includes('\0')) {
    throw new Error(`A storage key must stay inside the storage: ${JSON.stringify(key)}`);
  }
}

/** All files of a report; removing this folder removes the report's files. */
export function reportFolder(orgId: string, reportId: string): string {
  return `reports/${Buffer.from(orgId).toString('base64url')}/${reportId}`;
}

/** A report's file. */
export function reportFileKey(orgId: string, reportId: string, fileName: string): string {
  return `${reportFolder(orgId, reportId)}/${fileName}`;
}

/** Where one part is kept until the file is assembled; the name is the same for every attempt. */
export function reportPartKey(orgId: string, reportId: string, part: number): string {
  return `${reportFolder(orgId, reportId)}/parts/${String(part).padStart(5, '0')}.part`;
}
