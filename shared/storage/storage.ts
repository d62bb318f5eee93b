import type { Readable } from 'node:stream';

export interface StoredFile {
  sizeBytes: number;
  sha256: string;
}

export interface WriteFileOptions {
  signal?: AbortSignal;
  /** Called with each chunk. */
  onChunk?: (chunk: Buffer) => void;
}

export interface SignedUrlOptions {
  expiresInSeconds: number;
  /** The file name for the browser. */
  fileName: string;
  contentType: string;
}

/** Stores files. Keys are relative paths, `org/report/name.csv`. A file exists completely or not at all. */
export interface Storage {
  /** The storage's name in messages to operators. */
  readonly place: string;
  /** Writes a file that becomes visible when it is complete. An abort or an error leaves nothing. */
  write(key: string, source: Readable, options?: WriteFileOptions): Promise<StoredFile>;
  /** Size in bytes; null if the file does not exist. */
  size(key: string): Promise<number | null>;
  /** Streams the file, or the bytes from `start` to `end` inclusive. Destroy the stream if it is not read to the end. */
  read(key: string, range?: { start: number; end: number }): Readable;
  /** Removes a folder and its contents, if it exists. */
  removeFolder(key: string): Promise<void>;
  /** Removes everything in a folder except this file. */
  removeAllBut(fileKey: string): Promise<void>;
  removeFile(key: string): Promise<void>;
  /**
   * Removes writes of killed writers that started before this time.
   * @returns the number removed, at most `atMost`
   */
  removeUnfinished(begunBefore: Date, atMost: number): Promise<number>;
  /** Returns a pre-signed download URL; null if only the API can serve the file. */
  signedUrl(key: string, options: SignedUrlOptions): Promise<string | null>;
}

/** @throws Error for a key that is not a plain relative path and might escape the storage */
export function requireInside(key: string): void {
  const isPlain = key.split('/').every((segment) => segment !== '' && segment !== '.' && segment !== '..');
  if (!isPlain || key.includes('\0')) {
    throw new Error(`A storage key must be a relative path inside the storage: ${JSON.stringify(key)}`);
  }
}

/** The folder of all files of a report. */
export function reportFolder(orgId: string, reportId: string): string {
  return `reports/${Buffer.from(orgId).toString('base64url')}/${reportId}`;
}

/** The key of a report's file. */
export function reportFileKey(orgId: string, reportId: string, fileName: string): string {
  return `${reportFolder(orgId, reportId)}/${fileName}`;
}

/** The key of a part until the file is assembled, the same in every attempt. */
export function reportPartKey(orgId: string, reportId: string, part: number): string {
  return `${reportFolder(orgId, reportId)}/parts/${String(part).padStart(5, '0')}.part`;
}
