import pg from 'pg';
import { onTestFinished } from 'vitest';
import { z } from 'zod';
import { queryOnce } from '../../cli/stack/postgres.ts';
import { eventually } from '../eventually.ts';
import type { Scene } from './scene.ts';

/** Holds something up in the database, so that a process can be killed exactly there. */
export interface Hold {
  /** Returns when someone waits for it. */
  reached(): Promise<void>;
  /** Lets those go on that wait, also where who sent them is dead by now. A killed PostgreSQL lets nobody go on. */
  release(): Promise<void>;
  /** Undoes what waits, as if it had never been sent, and opens. */
  undo(): Promise<void>;
}

/** A number of ours in the two-part advisory locks. */
const GATES = 4_711;
const REACHED_WITHIN_MS = 60_000;

/**
 * Puts gates into the database that any statement passes which brings a report to a phase, or notes that a part is
 * written, and any transaction that moves an import on, when it commits. They are open unless one is held.
 */
export async function installGates(scene: Scene): Promise<void> {
  const gate = (key: string) => `PERFORM pg_advisory_xact_lock_shared(${GATES}, hashtext(${key})); RETURN NEW;`;
  const nameOfPart = '(SELECT name FROM reports WHERE org_id = NEW.org_id AND id = NEW.report_id)';
  await queryOnce(
    scene.stack.dev.database_url,
    `CREATE FUNCTION phase_gate() RETURNS trigger LANGUAGE plpgsql AS $$
     BEGIN ${gate(`NEW.name || '/' || NEW.phase`)} END $$;
     CREATE TRIGGER phase_gate BEFORE UPDATE OF phase ON reports FOR EACH ROW EXECUTE FUNCTION phase_gate();
     CREATE FUNCTION part_gate() RETURNS trigger LANGUAGE plpgsql AS $$
     BEGIN ${gate(`${nameOfPart} || '/part-' || NEW.part`)} END $$;
     CREATE TRIGGER part_gate BEFORE UPDATE ON report_parts FOR EACH ROW EXECUTE FUNCTION part_gate();
     CREATE FUNCTION import_gate() RETURNS trigger LANGUAGE plpgsql AS $$
     BEGIN ${gate(`NEW.file_name || '/line-' || NEW.position_line`)} END $$;
     CREATE CONSTRAINT TRIGGER import_gate AFTER UPDATE ON imports DEFERRABLE INITIALLY DEFERRED
     FOR EACH ROW WHEN (NEW.position_line <> OLD.position_line) EXECUTE FUNCTION import_gate();`,
  );
}

/** Holds the reports of a name just before a step is kept: `planning`, `writing`, `part-3`, `assembling`, `done`. */
export async function holdReport(scene: Scene, name: string, step: string): Promise<Hold> {
  return holdGate(scene, `${name}/${step}`);
}

/** Holds the import of a file of this name in the commit of the chunk that ends with a line. */
export async function holdImport(scene: Scene, fileName: string, line: number): Promise<Hold> {
  return holdGate(scene, `${fileName}/line-${line}`);
}

function holdGate(scene: Scene, key: string): Promise<Hold> {
  return hold(scene, {
    take: [`SELECT pg_advisory_lock(${GATES}, hashtext($1))`, key],
    waiters: [
      `SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND classid = ${GATES}
       AND objid::bigint = hashtext($1)::bigint & 4294967295`,
      key,
    ],
  });
}

/** Holds every insert into a fact's table, and with it the whole batch that the insert is a part of. */
export function holdInserts(scene: Scene, table: string): Promise<Hold> {
  return holdTable(scene, table, 'SHARE');
}

/** Holds every statement that reads a fact's table. */
export function holdReads(scene: Scene, table: string): Promise<Hold> {
  return holdTable(scene, table, 'ACCESS EXCLUSIVE');
}

function holdTable(scene: Scene, table: string, mode: 'SHARE' | 'ACCESS EXCLUSIVE'): Promise<Hold> {
  return hold(scene, {
    take: [`LOCK TABLE ${pg.escapeIdentifier(table)} IN ${mode} MODE`],
    waiters: ['SELECT pid FROM pg_locks WHERE relation = $1::regclass AND NOT granted', table],
  });
}

interface Lock {
  take: [text: string, ...values: string[]];
  waiters: [text: string, ...values: string[]];
}

async function hold(scene: Scene, { take, waiters }: Lock): Promise<Hold> {
  const client = new pg.Client({ connectionString: scene.stack.dev.database_url });
  // The server may be killed while we hold this.
  client.on('error', () => undefined);
  await client.connect();
  await client.query('BEGIN');
  const [text, ...values] = take;
  await client.query(text, values);
  const [question, ...about] = waiters;
  const release = () => client.end().catch(() => undefined);
  // What a failed test held would hold up the next ones too.
  onTestFinished(release);
  return {
    release,
    async reached() {
      await eventually(`someone to wait at ${about[0]}`, REACHED_WITHIN_MS, async () =>
        (await scene.rows(z.unknown(), question, about)).length > 0 ? true : undefined,
      );
    },
    async undo() {
      await scene.rows(z.unknown(), `SELECT pg_terminate_backend(pid, 5000) FROM (${question}) AS w`, about);
      await release();
    },
  };
}
