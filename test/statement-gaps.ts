// Texts of SQL that tests have SQLite asked for and PostgreSQL not, as a whole `npm test` finds them.

/**
 * Nothing is added here: a test that runs on both asks for it. Undefined until a whole run has found the first list; until then a
 * whole run only tells what it found.
 */
export const statementGaps: readonly string[] | undefined = undefined
