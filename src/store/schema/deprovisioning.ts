// A step of the schema: CIDRs that leave their pool when the last rest in them ends, and pools without a locale of their own.

export const deprovisioningSchema = `
-- The CIDR of a pool that is being deprovisioned: all of it rests as one, nothing of it is handed out, and it leaves the pool
-- when the rest ends. The reference keeps the CIDR until then.
alter table quarantine add column pool_cidr text references pool_cidr (id) check (pool_cidr is null or hold is null);
create unique index quarantine_pool_cidr on quarantine (pool_cidr) where pool_cidr is not null;
-- Whether the locale is the source pool's because none was given. Of pools from before it is not known: they say their locale.
alter table pool add column locale_inherited integer not null default 0
  check (locale_inherited in (0, 1) and (locale_inherited = 0 or locale is not null and parent_n is not null));
`
