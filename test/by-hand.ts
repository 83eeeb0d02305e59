// What a test has to say after it changed by hand what decisions are made on.

/** Servers keep what they know of a near epoch and read what has changed since; of one that is so far away they read all anew. */
export const readsAllAnew = `update counter set value = value + 100001 where name = 'governance-epoch'`
