// A step of the schema: what assignments that only watch, and candidates, would have answered.

export const wouldBeSchema = `
-- What assignments that only watch, and candidates, would have answered: lists are narrowed by it.
alter table ruling add column would_be text check (would_be in ('allow', 'steer', 'deny'));
alter table ruling add column candidate_outcome text check (candidate_outcome in ('allow', 'steer', 'warn', 'deny'));
-- In which way a candidate differs. Of rows from before this step, another rule or size counts as another pool.
alter table candidate_difference add column kind text not null default 'other'
  check (kind in ('newly-denied', 'newly-allowed', 'other-pool', 'other'));
drop trigger ruling_immutable;
update ruling set would_be = json_extract(body, '$.wouldBe.outcome'), candidate_outcome = json_extract(body, '$.candidate.outcome')
  where body like '%"wouldBe":%' or body like '%"candidate":%';
create trigger ruling_immutable before update on ruling begin
  select raise(abort, 'rulings are immutable');
end;
drop trigger candidate_difference_immutable;
update candidate_difference set kind = (
  select case
    when r.candidate_outcome = 'deny' and r.outcome = 'deny' and coalesce(json_extract(body, '$.denial.cause'), '') <> 'exhausted'
      then 'other'
    when r.candidate_outcome = 'deny' then 'newly-denied'
    when r.outcome = 'deny' and coalesce(json_extract(body, '$.denial.cause'), '') <> 'exhausted' then 'newly-allowed'
    when json_extract(body, '$.candidates') <> json_extract(body, '$.candidate.candidates') then 'other-pool'
    else 'other' end
  from decision d join ruling r on r.n = d.ruling where d.n = candidate_difference.decision);
create trigger candidate_difference_immutable before update on candidate_difference begin
  select raise(abort, 'differences are immutable');
end;
create index ruling_would_be on ruling (would_be) where would_be is not null;
create index ruling_candidate_outcome on ruling (candidate_outcome) where candidate_outcome is not null;
`
