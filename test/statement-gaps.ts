// Texts of SQL that tests have SQLite asked for and PostgreSQL not. Nothing is added here: a test that runs on both asks for it.
export const statementGaps: readonly string[] = []
