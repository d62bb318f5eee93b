import { p } from '@mikro-orm/postgresql';

/** A timestamp in milliseconds. The ORM reads a Date, Kysely PostgreSQL's text. */
export const time = () => p.datetime(3);

/** A timestamp in PostgreSQL's microseconds, read as text by both: a Date would round it. */
export const exactTime = () => p.text().columnType('timestamptz(6)');

/** A bigint below 2^53. The ORM reads a number, Kysely PostgreSQL's text. */
export const count = () => p.bigint('number').$type<number, string>();

/** A numeric of any precision. The ORM reads a number, Kysely PostgreSQL's text. */
export const decimal = () => p.decimal('number').$type<number, string>().columnType('numeric');

export const textArray = () => p.text().array();

/** Bytes, which `pg` reads as a Buffer. */
export const bytes = () => p.blob().$type<Buffer>();
