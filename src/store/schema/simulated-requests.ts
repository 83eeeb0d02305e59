// A step of the schema: which change request a simulation is of, and what that said then.

export const simulatedRequestsSchema = `
alter table simulation add column change_request integer references change_request (n);
alter table simulation add column content_hash text;
create index simulation_of_request on simulation (change_request, content_hash, n) where change_request is not null;
`
