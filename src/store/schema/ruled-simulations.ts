// A step of the schema: what came of simulations by the rules alone, for those who may not see all that was asked.

export const ruledSimulationsSchema = `
alter table simulation_group add column ruled_newly_denied integer not null default 0;
alter table simulation_group add column ruled_newly_allowed integer not null default 0;
alter table simulation_group add column ruled_elsewhere integer not null default 0;
alter table simulation_group add column ruled_other_size integer not null default 0;
alter table simulation_group add column ruled_exhausted integer not null default 0;
alter table simulation_group add column ruled_samples text not null default '[]';
`
