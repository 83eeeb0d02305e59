// A step of the schema: what goes on of a source is found without a look at all that is over.

export const findingsGoingOn = `create index finding_of_source_going_on on finding (source, control, n) where source <> '' and status <> 'resolved';`
