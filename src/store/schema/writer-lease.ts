// A step of the schema: which of several servers leads. The embedded database has one server, and no such table.

/** Of PostgreSQL alone. No row before a server has led. */
export const writerLeaseSchema = `
create table writer_lease (
  one bigint primary key check (one = 1),
  -- Drawn by each server when it starts, and where its peers reach it.
  holder text not null,
  address text not null,
  -- Counted up whenever another one takes it.
  term bigint not null,
  -- By the clock of the database.
  until bigint not null
);`
