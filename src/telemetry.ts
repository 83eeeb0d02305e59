// What operators see of the inside: one JSON line per event on standard error.

/** Fields are logged as they are given: callers pass no secrets and no bodies. */
export function logEvent(event: string, fields: Readonly<Record<string, string | number>>): void {
  process.stderr.write(`${JSON.stringify({ at: new Date().toISOString(), event, ...fields })}\n`)
}
