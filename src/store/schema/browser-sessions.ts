// A step of the schema: which tokens are sessions of browsers, and when each was used last.

export const browserSessionsSchema = `
create table browser_session (
  token text primary key references api_token (id),
  used_at integer not null
) strict;
`
