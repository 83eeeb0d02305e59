// A step of the schema: what is over of findings is kept as long as decisions are.

export const findingRetentionSchema = `
-- Of findings, what ended before this moment may be gone; and how many rows are.
alter table forgetting add column ended_before_at integer not null default 0;
alter table forgetting add column ended integer not null default 0;
create index finding_opening_until on finding_opening (until_at) where until_at is not null;
create index finding_resolved on finding (resolved_at) where resolved_at is not null;
-- Nothing that goes on, and nothing that is younger than decisions are kept.
create trigger finding_opening_lasts before delete on finding_opening begin
  select raise(abort, 'what was open is kept')
  where not exists (
    select 1 from record_day b
    where b.day = (select max(day) from record_day) - (select decision_days from retention) and old.until_at < b.at);
end;
create trigger finding_lasts before delete on finding begin
  select raise(abort, 'findings are kept')
  where not exists (
    select 1 from record_day b
    where b.day = (select max(day) from record_day) - (select decision_days from retention)
      and old.status = 'resolved' and old.resolved_at < b.at);
end;
create trigger brought_space_lasts before delete on brought_space begin
  select raise(abort, 'what networks had is kept')
  where not exists (
    select 1 from record_day b
    where b.day = (select max(day) from record_day) - (select decision_days from retention) and old.ended_at < b.at);
end;
`
